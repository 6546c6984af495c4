import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import {
  bar,
  Bench,
  clock,
  foo,
  fooByDefault,
  meshText,
  policyOf,
  prepare,
  signerOf,
  twoTenants,
} from './authority-bench.ts';

beforeAll(prepare);

describe('RegistrationAuthority under rules', () => {
  it('fails when the signer was assigned anew while it worked', async () => {
    const bench: Bench = new Bench(
      twoTenants(),
      signerOf(
        () => foo,
        () => (bench.world = { policy: policyOf(`- { name: all, match: {}, signers: [bar] }`) }),
      ),
    );
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'signer_reassigned' });
  });

  it('gives what a rule allows of the validity asked for', async () => {
    const bench = new Bench(twoTenants());
    bench.world = { policy: policyOf('- { name: r, match: {}, signers: [foo], maxTtl: 30m }') };
    await bench.issue();
    expect(bench.decision.facts).toMatchObject({ ttlAskedSeconds: '3600', ttlSeconds: 1800 });
  });

  it('refuses a kind of key that the rule does not allow', async () => {
    const bench = new Bench(twoTenants());
    bench.world = {
      policy: policyOf('- { name: r, match: {}, signers: [foo], keyTypes: [rsa-4096] }'),
    };
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'key_type_not_allowed' });
  });

  it('returns the roots of signers that trust each other, its own first', async () => {
    const bench = new Bench(twoTenants());
    bench.world = { policy: policyOf('[]', 'trusts: [[bar, foo]]') };
    const { elements } = await bench.issue();
    expect(elements.at(-1)).toBe(foo.certificatePem + bar.certificatePem);
  });

  it("does not take a partner's root for an anchor of its own signer", async () => {
    const bench = new Bench(
      twoTenants(),
      signerOf(() => bar),
    );
    bench.world = { policy: policyOf('[]', 'trusts: [[bar, foo]]') };
    await expect(bench.issue()).rejects.toMatchObject({ reason: 'chain_no_path' });
  });

  it('asks for no longer than the authority of the signer will last', async () => {
    const short = await TestAuthority.make('short', clock.now(), {
      template: { notAfter: clock.now() + 1_800_000 },
    });
    const bench = new Bench(
      loadMeshSnapshot(meshText({ foo: short }, fooByDefault), 1),
      signerOf(() => short),
    );
    await bench.issue();
    expect(bench.decision.facts.ttlSeconds).toBe(1800);
  });
});
