import { describe, expect, it } from '@jest/globals';
import { SeenIdentities } from '../../../src/debug/seen-identities.ts';
import { TrustMap } from '../../../src/debug/trust-map.ts';
import type { TrustMapView } from '../../../src/debug/trust-map.ts';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import type { AssignmentInputs } from '../../../src/authz/assignment-inputs.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { parseProxyConfig } from '../../../src/mesh/proxy-config.ts';
import { ProxyConfigIndex } from '../../../src/mesh/proxy-config-index.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import { buildCertificate } from '../../../src/pki/certificate-builder.ts';
import type { RecentDecision } from '../../../src/ra/recent-decisions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { someInputs } from '../../support/orders.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import { aProxyConfig, signer, signerDomain } from '../authz/a-world.ts';
import type { AProxyConfig } from '../authz/a-world.ts';

const now = new FakeClock().now();
const pems = await Promise.all(
  ['foo', 'bar', 'gateway'].map(
    async (name) => (await TestAuthority.make(name, now)).certificatePem,
  ),
);
const [fooRoot = '', barRoot = '', gatewayRoot = ''] = pems;

/** The roots of each short signer name. */
type Roots = Readonly<Record<string, readonly string[]>>;
const apart: Roots = { foo: [fooRoot], bar: [barRoot], gateway: [gatewayRoot] };

function worldOf(
  roots: Roots,
  { policy = '', proxyConfigs = [] as readonly AProxyConfig[], change = {} } = {},
): AssignmentInputs {
  const index = new ProxyConfigIndex();
  for (const config of proxyConfigs) {
    const entry = parseProxyConfig(aProxyConfig(config));
    if (entry !== undefined) index.put(entry);
  }
  const caCertificates = Object.entries(roots).map(([name, all]) => ({
    pem: all.join('\n'),
    certSigners: [signer(name)],
  }));
  const mesh = loadMeshSnapshot(JSON.stringify({ caCertificates }), 1);
  const parts = {
    policy: parseSignerPolicy(policy, { signerDomain }),
    proxyConfigs: index.current(),
    ...change,
  };
  return someInputs(mesh, parts);
}

const tenants = ['foo', 'bar'].map((namespace) => ({ namespace, names: namespace }));

function asked(uri: string, change: Partial<RecentDecision> = {}): RecentDecision {
  return {
    ...{ sequence: 1, time: now, requestId: 'r', outcome: 'issued', cluster: 'Kubernetes' },
    ...{ code: undefined, reason: undefined, certSigner: undefined, assignedBy: undefined },
    ...{ servedInsteadOf: undefined, totalMs: 1, stepsMs: {}, caller: uri, identity: uri },
    signer: signer('foo'),
    notAfter: new Date(now + 3_600_000).toISOString(),
    ...change,
  };
}

const uriOf = (namespace: string, account: string): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

function mapOf(world: AssignmentInputs, decisions: readonly RecentDecision[] = []) {
  const [clock, seen] = [new FakeClock(), new SeenIdentities()];
  for (const decision of decisions) seen.note(decision);
  const inputSource = { world, current: () => inputSource.world };
  const map = new TrustMap({ inputSource, seen, cluster: 'Kubernetes', clock });
  return { map, seen, clock, inputSource };
}

function viewOf(
  world: AssignmentInputs,
  decisions?: readonly RecentDecision[],
): Promise<TrustMapView> {
  return mapOf(world, decisions).map.view();
}

describe('the trust map', () => {
  it('has no link where each signer has a root of its own', async () => {
    const view = await viewOf(worldOf(apart));

    expect(view.signers.map(({ name }) => name)).toEqual(['foo', 'bar', 'gateway'].map(signer));
    expect([view.links, view.sharedRoots]).toEqual([[], []]);
  });

  it('links the signers of a trusts pair, and not their partners with each other', async () => {
    const policy = 'trusts: [[foo, gateway], [bar, gateway]]';
    const { links, sharedRoots } = await viewOf(worldOf(apart, { policy }));
    const link = { accepts: 'both', trustsPair: true, sharedRoots: [] };

    expect(links).toEqual([
      { ...link, signers: [signer('bar'), signer('gateway')] },
      { ...link, signers: [signer('foo'), signer('gateway')] },
    ]);
    expect(sharedRoots).toEqual([]);
  });

  it('warns of a shared root that no trusts pair explains', async () => {
    const roots = { ...apart, bar: [barRoot, fooRoot] };
    const { links, sharedRoots } = await viewOf(worldOf(roots));

    expect(links).toMatchObject([{ accepts: 'both', trustsPair: false }]);
    expect(links[0]?.sharedRoots).toHaveLength(1);
    expect(sharedRoots).toMatchObject([
      { signers: [signer('bar'), signer('foo')], unexplained: true },
    ]);
  });

  it('does not warn of one that a pair explains', async () => {
    const roots = { ...apart, bar: [fooRoot] };
    const { sharedRoots } = await viewOf(worldOf(roots, { policy: 'trusts: [[foo, bar]]' }));

    expect(sharedRoots).toMatchObject([{ unexplained: false }]);
  });

  it('takes two roots of one key for the same', async () => {
    const keyPair = await generateKeyPair('ecdsa-p256');
    const build = (notAfter: number): Promise<string> =>
      buildCertificate(
        {
          ...{ subject: { commonName: 'renewed' }, spkiDer: keyPair.spkiDer, isCa: true },
          ...{ notBefore: now, notAfter, keyUsages: ['keyCertSign'], extendedKeyUsages: [] },
          ...{ uris: [], dnsNames: [] },
        },
        { kind: 'self', keyPair },
      );
    const [before, after] = await Promise.all([build(now + 9e9), build(now + 9e10)]);
    const { links } = await viewOf(worldOf({ foo: [before], bar: [after] }));

    expect(links).toMatchObject([{ accepts: 'both' }]);
  });

  it('tells which one accepts the other where it is not mutual', async () => {
    // What foo trusts through its pair with gateway vouches for bar too.
    const roots = { foo: [fooRoot], gateway: [gatewayRoot, barRoot], bar: [barRoot] };
    const { links } = await viewOf(worldOf(roots, { policy: 'trusts: [[foo, gateway]]' }));

    expect(links.find(({ accepts }) => accepts !== 'both')).toMatchObject({
      signers: [signer('bar'), signer('foo')],
      accepts: 'second',
    });
  });

  it('cuts the links of a thousand signers with one root, and still tells of the root', async () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `tenant-${at}`);
    const caCertificates = [{ pem: fooRoot, certSigners: names.map((name) => signer(name)) }];
    const mesh = loadMeshSnapshot(JSON.stringify({ caCertificates }), 1);
    const view = await viewOf(someInputs(mesh));

    expect([view.links.length, view.linksCut]).toEqual([2_000, true]);
    expect(view.sharedRoots[0]?.signers).toHaveLength(1_000);
  });
});

describe('namespaces on the trust map', () => {
  it('have the signer that the code assigns now, before anybody asked', async () => {
    const { namespaces } = await viewOf(worldOf(apart, { proxyConfigs: tenants }));

    expect(namespaces).toMatchObject([
      { name: 'bar', signers: [signer('bar')], sources: ['ProxyConfig bar/pc (namespace)'] },
      { name: 'foo', signers: [signer('foo')], identities: 0 },
    ]);
  });

  it('have all signers that their identities get', async () => {
    const policy = `rules:
      - { name: special, match: { serviceAccounts: [foo/special] }, signers: [gateway] }`;
    const decisions = ['httpbin', 'special'].map((account) => asked(uriOf('foo', account)));
    const world = worldOf(apart, { policy, proxyConfigs: tenants });
    const { namespaces } = await viewOf(world, decisions);

    const foo = namespaces.find(({ name }) => name === 'foo');
    expect(foo).toMatchObject({ signers: [signer('foo'), signer('gateway')], identities: 2 });
    expect(foo?.outdated).toBe(1);
  });

  it('say why their identities would get nothing', async () => {
    const proxyConfigs = [{ namespace: 'foo', names: 'nobody' }];
    const { namespaces } = await viewOf(worldOf(apart, { proxyConfigs }));

    expect(namespaces).toMatchObject([{ signers: [], refusals: ['signer_unknown'] }]);
  });

  it('are marked where single pods may get something else', async () => {
    const proxyConfigs = [{ namespace: 'foo', names: 'foo', selects: { app: 'a' } }];
    const { namespaces } = await viewOf(worldOf(apart, { proxyConfigs }));

    expect(namespaces).toMatchObject([{ name: 'foo', dependsOnPods: true }]);
  });

  it('are not entered by callers that nobody knows, or by abandoned requests', async () => {
    const { namespaces, identityCount } = await viewOf(worldOf(apart), [
      asked('', { outcome: 'refused', identity: undefined, caller: undefined }),
      asked(uriOf('foo', 'httpbin'), { outcome: 'abandoned' }),
    ]);

    expect([namespaces, identityCount]).toEqual([[], 0]);
  });
});

describe('a trust map that is looked at again', () => {
  it('is the same one for half a second, then has what came since', async () => {
    const { map, seen, clock } = mapOf(worldOf(apart));
    const first = await map.view();
    seen.note(asked(uriOf('foo', 'httpbin')));

    expect(await map.view()).toBe(first);
    await clock.advance(500);
    expect((await map.view()).identityCount).toBe(1);
  });

  it('is drawn once for all who look at the same time', async () => {
    const { map } = mapOf(worldOf(apart));
    const [one, other] = await Promise.all([map.view(), map.view()]);

    expect(one).toBe(other);
  });

  it('follows the mesh config', async () => {
    const { map, clock, inputSource } = mapOf(worldOf(apart));
    await map.view();
    inputSource.world = worldOf({ foo: [fooRoot] });
    await clock.advance(500);

    expect((await map.view()).signers).toHaveLength(1);
  });

  it('fails before the configuration was read', async () => {
    const seen = new SeenIdentities();
    const current = (): AssignmentInputs => {
      throw new RaError('NOT_READY', 'not read yet');
    };
    const clock = new FakeClock();
    const map = new TrustMap({ inputSource: { current }, seen, cluster: 'Kubernetes', clock });

    await expect(map.view()).rejects.toMatchObject({ code: 'NOT_READY' });
  });
});

describe('the identities that were seen', () => {
  it('are bounded, and the one that asked longest ago is forgotten first', () => {
    const seen = new SeenIdentities(2);
    for (const account of ['a', 'b', 'a', 'c']) seen.note(asked(uriOf('foo', account)));

    expect([...seen.all()].map(({ serviceAccount }) => serviceAccount)).toEqual(['a', 'c']);
  });

  it('keep the certificate that they have after a refusal', () => {
    const seen = new SeenIdentities();
    seen.note(asked(uriOf('foo', 'a')));
    seen.note(asked(uriOf('foo', 'a'), { outcome: 'refused', reason: 'ttl_too_short' }));

    expect([...seen.all()]).toMatchObject([
      { issuedBy: signer('foo'), issued: 1, refused: 1, lastReason: 'ttl_too_short' },
    ]);
  });
});
