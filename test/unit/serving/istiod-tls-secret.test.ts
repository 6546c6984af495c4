import { beforeAll, describe, expect, it } from '@jest/globals';
import { IstiodTlsSecret } from '../../../src/serving/istiod-tls-secret.ts';
import { readPair } from '../../../src/serving/certificate-pair.ts';
import { ServingCertificateIssuer } from '../../../src/serving/serving-certificate-issuer.ts';
import type { SecretObject, SecretWrites } from '../../../src/kube/secret-writes.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import type { ServingIdentity } from '../../../src/server/credentials.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { meshWithRoots, servingNames, servingPair } from '../../support/serving-pairs.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const signerName = 'clusterissuers.cert-manager.io/mesh';
const ttlSeconds = 30 * 86_400;
const start = new FakeClock().now();
const dayMs = 86_400_000;
const ours = { 'app.kubernetes.io/managed-by': 'istio-ra' };
let root: TestAuthority;
let pair: ServingIdentity;
let stranger: ServingIdentity;

beforeAll(async () => {
  root = await TestAuthority.make('root', start);
  pair = await servingPair(root, start);
  stranger = await servingPair(root, start);
});

class FakeSecrets implements SecretWrites {
  stored: SecretObject | undefined;
  applied = 0;
  failure: Error | undefined;

  read(): Promise<SecretObject | undefined> {
    return Promise.resolve(this.stored);
  }

  apply(secret: Parameters<SecretWrites['apply']>[0]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.applied += 1;
    this.stored = { ...secret, uid: 'uid' };
    return Promise.resolve();
  }
}

class FakeLeadership {
  isLeader: boolean;
  readonly #listeners: ((isLeader: boolean) => void)[] = [];

  constructor(isLeader: boolean) {
    this.isLeader = isLeader;
  }

  onChange(listener: (isLeader: boolean) => void): void {
    this.#listeners.push(listener);
  }

  change(isLeader: boolean): void {
    this.isLeader = isLeader;
    for (const listener of this.#listeners) listener(isLeader);
  }
}

/** A Secret as this program leaves it, with any part of it changed. */
function aSecret(change: Partial<SecretObject> = {}, identity = pair): SecretObject {
  const data = {
    ...{ 'tls.crt': identity.certificateChainPem, 'tls.key': identity.privateKeyPem },
    'ca.crt': root.certificatePem,
  };
  const named = { namespace: 'mesh', name: 'istiod-tls', uid: 'uid', type: 'kubernetes.io/tls' };
  return { ...named, labels: ours, data, ...change };
}

/** What the keeper is told, and what it has done. */
interface State {
  issued: number;
  roots: string;
  dnsNames: readonly string[] | undefined;
  /** What is issued next. */
  pair: ServingIdentity;
}

/** The keeper, at work for two seconds. */
async function aKeeper(options: { stored?: SecretObject; isLeader?: boolean } = {}) {
  const [clock, log, secrets] = [new FakeClock(), new RecordingLogger(), new FakeSecrets()];
  secrets.stored = options.stored;
  const leadership = new FakeLeadership(options.isLeader ?? true);
  const snapshot = loadMeshSnapshot(meshWithRoots(signerName, [root.certificatePem]), 1);
  const real = new ServingCertificateIssuer({
    ...{ signerName, ttlSeconds, approval: 'self', clock, log, verifier: new ChainVerifier() },
    ...{ requests: new FakeSigningRequests(), mesh: { current: () => snapshot } },
  });
  const state: State = { issued: 0, roots: root.certificatePem, dnsNames: servingNames, pair };
  const issuer = {
    hasRoot: (sha256: string) => real.hasRoot(sha256),
    recheck: (...facts: Parameters<typeof real.recheck>) => real.recheck(...facts),
    issue: () => {
      state.issued += 1;
      const { served, leaf } = readPair(state.pair);
      return Promise.resolve(real.recheck(served, leaf.spkiDer, state.dnsNames ?? []));
    },
  };
  const keeper = new IstiodTlsSecret({
    ...{ secrets, issuer, leadership, clock, log, random: () => 0.5 },
    ...{ namespace: 'mesh', name: 'istiod-tls', dnsNames: () => state.dnsNames },
    roots: () => state.roots,
  });
  keeper.start();
  await clock.advance(2_000);
  return { keeper, clock, log, secrets, leadership, state };
}

describe('the Secret for istiod', () => {
  it('is made with certificate, key, roots and our label', async () => {
    const { keeper, secrets } = await aKeeper();

    expect(secrets.stored).toEqual(aSecret());
    await keeper.stop();
  });

  it('that is good is left alone after a restart', async () => {
    const { keeper, secrets, state, clock } = await aKeeper({ stored: aSecret() });
    await clock.advance(3_600_000);

    expect([secrets.applied, state.issued]).toEqual([0, 0]);
    await keeper.stop();
  });

  it('is renewed when half of its life is over', async () => {
    const notBefore = start - 15 * dayMs + 600_000;
    const older = await servingPair(root, start, { notBefore, notAfter: notBefore + 30 * dayMs });
    const { keeper, secrets, state, clock } = await aKeeper({ stored: aSecret({}, older) });
    await clock.advance(480_000);
    expect(state.issued).toBe(0);
    await clock.advance(180_000);

    expect(state.issued).toBe(1);
    expect(secrets.stored?.data['tls.crt']).toBe(pair.certificateChainPem);
    await keeper.stop();
  });

  it('keeps its certificate when only the roots change', async () => {
    const { keeper, secrets, state, clock } = await aKeeper({ stored: aSecret() });
    state.roots += root.certificatePem;
    await clock.advance(5_000);

    expect(secrets.stored?.data).toEqual({ ...aSecret().data, 'ca.crt': state.roots });
    expect(state.issued).toBe(0);
    await keeper.stop();
  });

  it('is issued anew when a revision of istiod is added, and when it goes', async () => {
    const canary = [...servingNames, 'istiod-canary.mesh.svc'];
    const wide = await servingPair(root, start, { dnsNames: canary });
    const { keeper, secrets, state, clock } = await aKeeper({ stored: aSecret() });
    state.pair = wide;
    state.dnsNames = canary;
    await clock.advance(5_000);
    expect([state.issued, secrets.stored]).toEqual([1, aSecret({}, wide)]);

    state.pair = pair;
    state.dnsNames = servingNames;
    await clock.advance(5_000);
    expect([state.issued, secrets.stored]).toEqual([2, aSecret()]);
    await keeper.stop();
  });

  it('waits for the names', async () => {
    const { keeper, secrets, state, clock } = await aKeeper({ isLeader: true });
    secrets.stored = undefined;
    state.dnsNames = undefined;
    await clock.advance(65_000);
    expect(secrets.applied).toBe(1);
    state.dnsNames = servingNames;
    await clock.advance(300_000);

    expect(secrets.applied).toBe(2);
    await keeper.stop();
  });

  it('is written again when somebody deletes it', async () => {
    const { keeper, secrets, clock } = await aKeeper({ stored: aSecret() });
    secrets.stored = undefined;
    await clock.advance(65_000);

    expect(secrets.applied).toBe(1);
    await keeper.stop();
  });

  const spoiled: readonly (readonly [string, () => ServingIdentity | Promise<ServingIdentity>])[] =
    [
      ['another key', () => ({ ...pair, privateKeyPem: stranger.privateKeyPem })],
      ['another name', async () => servingPair(root, start, { dnsNames: ['a.example'] })],
      ['no certificate', () => ({ ...pair, certificateChainPem: '' })],
      ['little life left', async () => servingPair(root, start - 20 * dayMs)],
      ['another root', async () => servingPair(await TestAuthority.make('x', start), start)],
    ];

  it.each(spoiled)('with %s is replaced', async (_what, spoil) => {
    const { keeper, secrets, state } = await aKeeper({ stored: aSecret({}, await spoil()) });

    expect(state.issued).toBe(1);
    expect(secrets.stored?.data['tls.crt']).toBe(pair.certificateChainPem);
    await keeper.stop();
  });

  it.each([
    ['without our label', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }],
    ['of another type', { type: 'Opaque' }],
  ])('%s is never written, and said so once', async (_what, change) => {
    const { keeper, secrets, state, log, clock } = await aKeeper({
      stored: aSecret({ ...change, data: {} }),
    });
    await clock.advance(300_000);
    const errors = log.lines.filter(({ level }) => level === 'error');

    expect([secrets.applied, state.issued]).toEqual([0, 0]);
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('delete it, or set ISTIOD_TLS_SECRET to another name'),
    ]);
    await keeper.stop();
  });

  it('is the business of the leader alone', async () => {
    const { keeper, secrets, leadership, clock } = await aKeeper({ isLeader: false });
    await clock.advance(300_000);
    expect(secrets.applied).toBe(0);
    leadership.change(true);
    await clock.advance(5_000);

    expect(secrets.applied).toBe(1);
    await keeper.stop();
  });

  it('waits for the roots', async () => {
    const { keeper, secrets, state, clock } = await aKeeper({ stored: aSecret() });
    secrets.stored = undefined;
    state.roots = '';
    await clock.advance(65_000);
    expect(secrets.applied).toBe(0);
    state.roots = root.certificatePem;
    await clock.advance(300_000);

    expect(secrets.applied).toBe(1);
    await keeper.stop();
  });

  it('that cannot be written is tried again with the same certificate', async () => {
    const { keeper, secrets, state, clock, leadership } = await aKeeper({ isLeader: false });
    secrets.failure = new Error('forbidden');
    leadership.change(true);
    await clock.advance(30_000);
    expect(secrets.applied).toBe(0);
    secrets.failure = undefined;
    await clock.advance(300_000);

    expect([secrets.applied, state.issued]).toEqual([1, 1]);
    await keeper.stop();
  });

  it('is never in the log', async () => {
    const { keeper, log } = await aKeeper();

    expect(JSON.stringify(log.lines)).not.toContain('PRIVATE');
    await keeper.stop();
  });
});
