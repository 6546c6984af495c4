import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { StartStack } from '../../src/base/start-stack.ts';
import { RootDistribution } from '../../src/distribution/root-distribution.ts';
import type { KubernetesApi } from '../../src/kube/client-node/connect-kubernetes.ts';
import { LeaderElection } from '../../src/kube/leader-election.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { connectAdapters } from '../contract/support/adapters.ts';
import { RawApi } from '../contract/support/raw-api.ts';
import type { Json } from '../contract/support/raw-api.ts';

const clock = systemClock;
const log = silentLogger;
const random = (): number => Math.random();
const place = { namespace: 'istio-system', name: 'istio-ra-leader' };

/** One of ours: what it takes part in, and how to end it. */
interface Replica {
  readonly kubernetes: KubernetesApi;
  readonly election: LeaderElection;
  readonly distribution: RootDistribution;
  stop(): Promise<void>;
}

let started: StartStack;
let sandbox: Sandbox;
let admin: RawApi;
let bundle: string;

beforeEach(async () => {
  started = new StartStack();
  bundle = 'roots one';
  sandbox = await startSandbox({ clock, log });
  started.defer(() => sandbox.stop());
  const { url, caPem, adminToken: token } = sandbox;
  admin = new RawApi({ url, caPem, credentials: { kind: 'token', token } });
  started.defer(() => {
    admin.close();
  });
  await makeNamespaces(place.namespace, 'shop', 'bank');
});

afterEach(() => started.stop());

/** The sandbox may have some of them already. */
async function makeNamespaces(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const body = { metadata: { name, labels: { mesh: 'yes' } } };
    await admin.send({ method: 'POST', path: '/api/v1/namespaces', body });
    const path = `/api/v1/namespaces/${name}`;
    const contentType = 'application/merge-patch+json';
    await admin.send({ method: 'PATCH', path, body, contentType });
  }
}

async function start(identity: string): Promise<Replica> {
  const kubernetes = await connectAdapters(sandbox, sandbox.adminToken);
  const options = { leases: kubernetes.leases, ...place, identity, clock, random, log };
  const election = new LeaderElection(options);
  election.start();
  const distribution = new RootDistribution({
    leadership: election,
    namespaces: kubernetes.namespaceSource(),
    entries: (kind) => kubernetes.keptEntrySource(kind),
    writes: kubernetes.configMapWrites,
    configMapName: 'istio-ca-root-cert',
    bundlePem: () => bundle,
    selects: (labels) => labels['mesh'] === 'yes',
    selectionVersion: () => 1,
    clock,
    random,
    log,
  });
  const parts = new StartStack();
  parts.defer(() => kubernetes.close());
  parts.defer(() => election.stop());
  parts.defer(() => distribution.stop());
  started.defer(() => parts.stop());
  return { kubernetes, election, distribution, stop: () => parts.stop() };
}

async function dataIn(namespace: string): Promise<unknown> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
  return (await admin.send({ path })).json['data'];
}

async function send(method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: Json): Promise<void> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const { status, text } = await admin.send({ method, path, body, contentType });
  if (status >= 300) throw new Error(text);
}

const mapPath = '/api/v1/namespaces/shop/configmaps/istio-ca-root-cert';

/** Asks again and again; what came last is compared by the caller's own expectation. */
async function eventually(look: () => Promise<unknown>, wanted: unknown): Promise<unknown> {
  const signal = AbortSignal.timeout(8000);
  for (;;) {
    const seen = await look();
    if (isDeepStrictEqual(seen, wanted) || signal.aborted) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const rootsOne = { 'root-cert.pem': 'roots one' };

describe('the roots for clients', () => {
  it('come to every namespace, follow a change, and are corrected', async () => {
    await start('one');
    expect(await eventually(() => dataIn('shop'), rootsOne)).toEqual(rootsOne);
    expect(await eventually(() => dataIn('bank'), rootsOne)).toEqual(rootsOne);
    bundle = 'roots two';
    const rootsTwo = { 'root-cert.pem': 'roots two' };
    expect(await eventually(() => dataIn('shop'), rootsTwo)).toEqual(rootsTwo);
    await send('PATCH', mapPath, { data: { 'root-cert.pem': 'x', other: 'y' } });
    const corrected = { other: 'y', 'root-cert.pem': 'roots two' };
    expect(await eventually(() => dataIn('shop'), corrected)).toEqual(corrected);
    await send('DELETE', mapPath);
    expect(await eventually(() => dataIn('shop'), rootsTwo)).toEqual(rootsTwo);
  });

  it('are taken from a namespace that is selected no more, but for what is not ours', async () => {
    await start('one');
    expect(await eventually(() => dataIn('bank'), rootsOne)).toEqual(rootsOne);
    expect(await eventually(() => dataIn('shop'), rootsOne)).toEqual(rootsOne);
    await send('PATCH', mapPath, { data: { other: 'y' } });
    await send('PATCH', '/api/v1/namespaces/bank', { metadata: { labels: { mesh: 'no' } } });
    await send('PATCH', '/api/v1/namespaces/shop', { metadata: { labels: { mesh: 'no' } } });
    expect(await eventually(() => dataIn('bank'), undefined)).toBeUndefined();
    expect(await eventually(() => dataIn('shop'), { other: 'y' })).toEqual({ other: 'y' });
  });

  it('are written by one replica, and by another once it has stopped', async () => {
    const one = await start('one');
    expect(await eventually(() => dataIn('shop'), rootsOne)).toEqual(rootsOne);
    const two = await start('two');
    await one.stop();
    await makeNamespaces('later');
    expect(await eventually(() => dataIn('later'), rootsOne)).toEqual(rootsOne);
    expect([one, two].map(({ election }) => election.isLeader)).toEqual([false, true]);
  });
});
