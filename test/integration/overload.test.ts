import { createServer, connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Admission } from '../../src/admission/admission.ts';
import type { AdmissionLimits } from '../../src/admission/admission-limits.ts';
import { systemClock } from '../../src/base/clock.ts';
import { RaError } from '../../src/base/ra-error.ts';
import { uriOf } from '../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../src/cli/workload.ts';
import { CertificateCallError } from '../../src/server/certificate-client.ts';
import type { CertificateClient } from '../../src/server/certificate-client.ts';
import { parseSpiffeId } from '../../src/pki/spiffe-id.ts';
import { aChain, chainElements, httpbinOfFoo } from '../unit/server/support/fakes.ts';
import { goodCall, startServer, stopServers } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

afterEach(async () => {
  await stopServers();
});

async function startLimited(limits: Partial<AdmissionLimits>): Promise<ServerFixture> {
  const admission = new Admission({ clock: systemClock, random: Math.random, limits });
  const fixture = await startServer({ admission });
  // A token is `namespace/pod` here, and `bad` is none.
  fixture.authenticator.behave = ({ authorization: [token = ''] }) => {
    const [namespace = '', uid = ''] = token.replace('Bearer ', '').split('/');
    if (namespace === 'bad') {
      return Promise.reject(new RaError('CALLER_UNAUTHENTICATED', 'the token is not good'));
    }
    const identity = parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/default`);
    return Promise.resolve({ ...httpbinOfFoo, identity, pod: { name: uid, uid } });
  };
  return fixture;
}

function callsOf(client: CertificateClient, prefix: string, count: number): Promise<string>[] {
  return Array.from({ length: count }, (_, at) => outcomeOf(client, `${prefix}${at}`));
}

async function outcomeOf(client: CertificateClient, token: string): Promise<string> {
  try {
    await client.request({ ...goodCall, token });
    return 'OK';
  } catch (error) {
    return error instanceof CertificateCallError ? error.code : String(error);
  }
}

describe('one namespace that floods', () => {
  it('at ten times its pace leaves another at least every second turn', async () => {
    const fixture = await startLimited({ working: 8, workingPerNamespace: 2 });
    fixture.issuer.behave = () =>
      new Promise((resolve) => {
        setTimeout(() => {
          resolve(aChain());
        }, 2);
      });
    const flood = callsOf(fixture.client(), 'flood/', 200);
    await eventually(() => fixture.service.admissionCounts.work.waiting > 100);
    const begun = fixture.issuer.seen.length;
    const quiet = callsOf(fixture.client(), 'quiet/', 20);

    expect(new Set(await Promise.all(quiet))).toEqual(new Set(['OK']));
    const order = fixture.issuer.seen.map(({ request }) => request.identity.id.namespace);
    const first = order.indexOf('quiet');
    const last = order.lastIndexOf('quiet');
    expect(begun).toBeLessThan(100);
    // Alone, it would have had 20 turns for its 20 calls.
    expect(last - first).toBeLessThanOrEqual(2 * 20 + 8);
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['OK']));
  });
});

describe('refusals that are held back', () => {
  it('are in the way of nobody', async () => {
    const fixture = await startLimited({ authenticating: 2, working: 2 });
    fixture.issuer.behave = ({ identity }) =>
      identity.id.namespace === 'broken'
        ? Promise.reject(new RaError('KUBERNETES_UNAVAILABLE', 'away'))
        : fixture.issuer.succeed();
    const broken = callsOf(fixture.client(), 'broken/', 200);
    await eventually(() => fixture.service.admissionCounts.delayed === 200);
    expect(fixture.decisions.codes).toHaveLength(200);

    expect(await outcomeOf(fixture.client(), 'fine/1')).toBe('OK');
    expect(fixture.service.admissionCounts.delayed).toBeGreaterThan(0);
    expect(new Set(await Promise.all(broken))).toEqual(new Set(['UNAVAILABLE']));
    expect(fixture.decisions.codes).toHaveLength(201);
    expect(fixture.server.connections).toBe(2);
  });

  it('tell a client that comes too often why', async () => {
    const fixture = await startLimited({ perPod: { perSecond: 0.01, burst: 1 } });
    const client = fixture.client();
    await client.request({ ...goodCall, token: 'foo/1' });

    await expect(client.request({ ...goodCall, token: 'foo/1' })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('the caller asks too often'),
    });
  });
});

describe('a flood of bad tokens', () => {
  it('is not looked at for long, and a good client beside it does not notice', async () => {
    const fixture = await startLimited({});
    const attackers = Array.from({ length: 4 }, () => fixture.client());
    const flood = attackers.flatMap((client, at) => callsOf(client, `bad/${at}-`, 1_000));
    const good = fixture.client();
    const outcomes: string[] = [];
    for (let call = 0; call < 15; call += 1) outcomes.push(await outcomeOf(good, `good/${call}`));

    expect(new Set(outcomes)).toEqual(new Set(['OK']));
    const refused = await Promise.all(flood);
    expect(new Set(refused)).toEqual(new Set(['UNAUTHENTICATED', 'RESOURCE_EXHAUSTED']));
    // Twenty each, and those that were under way when the twentieth failed.
    expect(fixture.authenticator.seen.length).toBeLessThan(4 * (20 + 16) + 15 + 4);
  });
});

describe('a storm of new connections', () => {
  const pods = Array.from({ length: 500 }, (_, at) => `storm-${at}`);
  let mesh: RunningMesh | undefined;
  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
  });

  it('of 500 pods is served to the last', async () => {
    const { namespace, serviceAccount } = httpbinFoo;
    mesh = await RunningMesh.start({
      seed: ({ objects }) => {
        for (const name of pods) {
          const labels = { app: serviceAccount };
          objects.createPod({ namespace, name, serviceAccount, nodeName: 'node-1', labels });
        }
      },
    });
    const { sandbox } = mesh;
    const { csrPem } = await makeKeyAndRequest(uriOf(httpbinFoo), 'ecdsa-p256');
    const call = { csrPem, validitySeconds: 3_600, certSigner: 'foo', deadlineMs: 30_000 };
    const ask = async (pod: string): Promise<number> => {
      const audiences = ['istio-ca'];
      const token = sandbox.token({ namespace, serviceAccount, audiences, pod });
      const chain = await mesh?.requestWith(undefined, { ...call, token });
      return chain?.length ?? 0;
    };

    const lengths = await Promise.all(pods.map(ask));

    expect(lengths.filter((length) => length > 1)).toHaveLength(500);
  }, 60_000);
});

/** What a Service of Kubernetes is to its clients: each new connection goes to whoever is behind it. */
class VirtualAddress {
  readonly #server: Server;
  target: number;

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => {
      const upstream = connect(this.target, '127.0.0.1');
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
  }
}

/**
 * A stream that was refused was not looked at, and gRPC libraries send it again by themselves (gRPC
 * A6, transparent retries); the client here is told not to.
 */
async function outcomeOfRetried(client: CertificateClient): Promise<string> {
  try {
    await client.request(goodCall);
    return 'OK';
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return message === 'Stream refused by server' ? outcomeOf(client, 'good') : message;
  }
}

describe('a replica that stops', () => {
  it('fails no call of clients that go on, when it goes on until they are sent elsewhere', async () => {
    const old = await startServer({ bounds: { drainDelayMs: 1_500 } });
    const young = await startServer();
    for (const { issuer } of [old, young]) {
      issuer.behave = () =>
        new Promise((resolve) => {
          setTimeout(() => {
            resolve(aChain());
          }, 10);
        });
    }
    const service = new VirtualAddress(old.port);
    const address = await service.listen();
    const rootPem = old.authority.rootPem + young.authority.rootPem;
    const stopAsking = new AbortController();
    const outcomes: string[] = [];
    const ask = async (): Promise<void> => {
      let client = old.client({ address, rootPem });
      for (let call = 0; !stopAsking.signal.aborted; call += 1) {
        outcomes.push(await outcomeOfRetried(client));
        if (call % 10 !== 0) continue;
        client.close();
        client = old.client({ address, rootPem });
      }
    };
    const asking = Array.from({ length: 10 }, ask);
    await eventually(() => outcomes.length > 50);

    const servedBefore = old.issuer.seen.length;
    const stopped = old.server.stop(5_000);
    await eventually(() => old.issuer.seen.length > servedBefore + 20);
    service.target = young.port;
    await stopped;
    await eventually(() => young.issuer.seen.length > 50);
    stopAsking.abort();
    await Promise.all(asking);
    service.stop();

    expect(new Set(outcomes)).toEqual(new Set(['OK']));
    expect(old.server.connections).toBe(0);
  });

  it('answers who waits for its turn with UNAVAILABLE, and finishes what is under way', async () => {
    const fixture = await startLimited({ working: 1, workingPerNamespace: 1 });
    let finish = (): void => undefined;
    fixture.issuer.behave = () =>
      new Promise((resolve) => {
        finish = () => {
          resolve(aChain());
        };
      });
    const coming = fixture.issuer.awaitCall();
    const client = fixture.client();
    const underWay = client.request({ ...goodCall, token: 'foo/1' });
    await coming;
    const waiting = outcomeOf(client, 'foo/2');
    await eventually(() => fixture.service.admissionCounts.work.waiting === 1);

    const stopped = fixture.server.stop(5_000);
    expect(await waiting).toBe('UNAVAILABLE');
    finish();

    await expect(underWay).resolves.toEqual(chainElements);
    await stopped;
  });
});
