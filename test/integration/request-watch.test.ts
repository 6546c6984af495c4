import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requestAndWatch } from '../../src/cli/request/perform-request.ts';
import type { RequestPlan } from '../../src/cli/request/request-plan.ts';
import { systemClock } from '../../src/base/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventually, httpbinFoo, RunningMesh } from '../support/running-mesh.ts';

const root = join(import.meta.dirname, '../..');
/** Half of an hour, and what the authority's real clock may be ahead by then. */
const untilRenewal = 1_800_000 + 60_000;
let mesh: RunningMesh;
let folder: string;

beforeAll(async () => {
  mesh = await RunningMesh.start();
  folder = await mkdtemp(join(tmpdir(), 'istio-ra-watch-'));
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Line {
  readonly event: string;
  readonly serialNumber?: string;
  readonly code?: string;
}

/** A watch on a clock that the test moves; the authority and its connection are real. */
async function watch(change: Partial<RequestPlan> = {}) {
  const token = join(mesh.directory, 'token');
  await writeFile(token, mesh.tokenOf(httpbinFoo));
  const clock = new FakeClock(systemClock.now());
  const stopping = new AbortController();
  const lines: Line[] = [];
  const status = requestAndWatch(
    {
      ...{ address: mesh.app.grpcAddress, root: join(mesh.directory, 'root.pem'), token },
      ...{ serverName: 'istiod.istio-system.svc', trustDomain: 'cluster.local', certSigner: 'foo' },
      ...{ key: 'ecdsa-p256', validitySeconds: 3_600, deadlineMs: 10_000, form: 'json' },
      ...{ gracePeriod: { ratio: 0.5, jitter: 0 }, folder, isQuiet: true },
      ...change,
    },
    {
      environment: {
        ...{ arguments: [], env: {}, root, err: { write: () => true } },
        out: { write: (text) => lines.push(JSON.parse(text) as Line) },
      },
      ...{ clock, random: () => 0.5 },
    },
    stopping.signal,
  );
  const stop = (): void => {
    stopping.abort(new Error('SIGTERM came'));
  };
  return { clock, lines, token, status, stop };
}

describe('istio-ra request --watch', () => {
  it('replaces certificate and key at half the lifetime, and ends with 0', async () => {
    const { clock, lines, status, stop } = await watch();
    await eventually(() => lines.length === 1 && clock.pendingTimers > 0);
    const before = await readFile(join(folder, 'key.pem'), 'utf8');
    await clock.advance(untilRenewal);
    await eventually(() => lines.length === 2);
    stop();
    await expect(status).resolves.toBe(0);
    expect(lines.map(({ event }) => event)).toEqual(['issued', 'renewed']);
    expect(await readFile(join(folder, 'key.pem'), 'utf8')).not.toBe(before);
  });

  it('leaves whole files and nothing else, the key for its owner alone', async () => {
    const { lines, status, stop } = await watch();
    await eventually(() => lines.length === 1);
    stop();
    await status;
    const { mode } = await stat(join(folder, 'key.pem'));
    expect(mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['cert-chain.pem', 'key.pem', 'root-cert.pem']);
  });

  it('goes on after a token that is refused, once there is a good one', async () => {
    const { clock, lines, token, status, stop } = await watch();
    await eventually(() => lines.length === 1 && clock.pendingTimers > 0);
    const good = await readFile(token, 'utf8');
    await writeFile(token, good.slice(0, -4));
    await clock.advance(untilRenewal);
    await eventually(() => lines.length === 2 && clock.pendingTimers > 0);
    await writeFile(token, good);
    await clock.advance(30_000);
    await eventually(() => lines.length === 3);
    stop();
    await status;
    expect(lines.map(({ event, code }) => [event, code])).toEqual([
      ['issued', undefined],
      ['failed', 'UNAUTHENTICATED'],
      ['renewed', undefined],
    ]);
  });

  it('ends at once where it is refused before the first certificate', async () => {
    const { status } = await watch({ certSigner: 'bar' });
    await expect(status).resolves.toBe(4);
  });

  it('ends while it waits for an authority that is away', async () => {
    const { clock, status, stop } = await watch({ address: '127.0.0.1:1' });
    await eventually(() => clock.pendingTimers > 0);
    stop();
    await expect(status).resolves.toBe(0);
  });
});
