import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Show, Step } from '../runner/suite.ts';
import { runLoad } from '../stack/agent.ts';
import { countCalls, type AuditEvent } from '../stack/audit-log.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { accountName, gateway, serverName, workloads, type World } from './world.ts';

/** What istio-ra calls for each certificate, once. */
const perCertificate = [
  'create certificatesigningrequests',
  'update certificatesigningrequests/approval',
];
/** How an object goes: by itself, or many at a time. */
const deletions = [
  'delete certificatesigningrequests',
  'deletecollection certificatesigningrequests',
];
/** What it calls for each token that it has not seen in the last ten seconds. */
const perToken = 'create tokenreviews';

/** Step 7: what it cost, and that nothing is left. */
export function costSteps(world: World): Step[] {
  return [
    {
      name: '7.1 four calls to the API server for the first certificate of a workload',
      run: async (show) => {
        const total = 20;
        const tokenDir = await freshTokens(world, total);
        const counts = await cost(world, { callers: total, total, tokenDir }, show);
        assert.equal(counts.get(perToken), total, perToken);
      },
    },
    {
      name: '7.2 and no more for a hundred by twenty callers whose tokens are known',
      run: async (show) => {
        const load = { callers: 20, total: 100, tokenDir: world.tenantTokens() };
        const counts = await cost(world, load, show);
        assert.ok((counts.get(perToken) ?? 0) <= load.total, perToken);
      },
    },
    {
      name: '7.3 each request was created, approved and deleted once, and no other was touched',
      run: (show) => {
        show(oneStoryEach(world));
        return Promise.resolve();
      },
    },
    {
      name: '7.4 nothing that istio-ra called was forbidden to it',
      run: (show) => {
        const calls = world.audit.callsBy(accountName, 0);
        const refused = calls.filter(({ responseStatus }) => responseStatus?.code === 403);
        assert.deepEqual([...countCalls(refused).keys()], []);
        show(`${calls.length} calls: ${[...countCalls(calls).keys()].join(', ')}`);
        return Promise.resolve();
      },
    },
    {
      name: '7.5 no CertificateSigningRequest is left',
      run: async (show) => {
        await world.awaitNothingLeft();
        assert.equal(await world.document.run('nothing-left'), '');
        show('kubectl get csr: none of istio-ra');
      },
    },
  ];
}

interface Load {
  readonly callers: number;
  readonly total: number;
  readonly tokenDir: string;
}

/** Tokens that nobody has shown yet, one for each caller. */
async function freshTokens(world: World, count: number): Promise<string> {
  const folder = world.path('fresh-tokens');
  mkdirSync(folder);
  const { kubectl } = world.controlPlane;
  for (let i = 0; i < count; i++) {
    const { namespace, account: serviceAccount } = workloads[i % workloads.length] ?? gateway;
    writeFileSync(
      join(folder, `token-${i}`),
      await kubectl.createToken({ namespace, serviceAccount }),
      { mode: 0o600 },
    );
  }
  return folder;
}

/** Issues certificates, shows what they cost, and returns how often each call was made. */
async function cost(world: World, load: Load, show: Show): Promise<ReadonlyMap<string, number>> {
  await world.awaitNothingLeft();
  const mark = world.audit.mark();
  const report = await runLoad(world.tools.agentlike, {
    address: world.ra.address,
    rootFile: world.rootFile('istio-system'),
    serverName,
    certSigner: '{namespace}',
    key: 'p256',
    ...load,
  });
  assert.equal(report.ok, load.total, JSON.stringify(report));
  await world.awaitNothingLeft();
  const counts = await settledCalls(world, mark, load.total);
  for (const call of perCertificate) assert.equal(counts.get(call), load.total, call);
  const deleted = sumOf(deletions, counts);
  assert.ok(deleted <= load.total, `${deleted} deletions for ${load.total} objects`);
  const known = [...perCertificate, ...deletions, perToken];
  const others = [...counts].filter(([call]) => !known.includes(call));
  // Quiet moments and the five-minute end of a watch may add a list or a watch, not one a request.
  const extra = others.reduce((sum, [, count]) => sum + count, 0);
  assert.ok(extra <= 3, `calls beyond those: ${JSON.stringify(others)}`);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  show(
    `${load.total} certificates, ${report.okMs?.p50 ?? 0} ms at p50, ${report.okMs?.p99 ?? 0} ms at p99`,
  );
  show(
    `${(total / load.total).toFixed(2)} calls a certificate: ${describeCounts(counts, load.total)}`,
  );
  return counts;
}

/** The log is written behind the answers. */
async function settledCalls(
  world: World,
  mark: number,
  total: number,
): Promise<ReadonlyMap<string, number>> {
  return awaitUntil(
    () => {
      const counts = countCalls(world.audit.callsBy(accountName, mark));
      const isWhole = perCertificate.every((call) => (counts.get(call) ?? 0) >= total);
      return Promise.resolve(isWhole && sumOf(deletions, counts) > 0 && counts);
    },
    { what: 'the audit log has every deletion', timeoutMs: 10_000 },
  );
}

function sumOf(calls: readonly string[], counts: ReadonlyMap<string, number>): number {
  return calls.reduce((sum, call) => sum + (counts.get(call) ?? 0), 0);
}

function describeCounts(counts: ReadonlyMap<string, number>, total: number): string {
  return [...counts].map(([call, count]) => `${call} ${(count / total).toFixed(2)}`).join(', ');
}

/** Every object that istio-ra's account ever named, and what it did to it. */
function oneStoryEach(world: World): string {
  const calls = world.audit.callsBy(accountName, 0);
  const stories = storiesOf(calls.filter(({ objectRef }) => objectRef?.name !== undefined));
  for (const [name, story] of stories) {
    assert.match(name, /^ra-[a-z2-7]{26}$/);
    // One of a batch is deleted by a call that names no object.
    assert.match(story.join(', '), /^create, update approval(, delete)?$/, name);
  }
  return `${stories.size} requests, each: create, update approval, delete (by itself or with others)`;
}

/** What was done to each object, in order. */
function storiesOf(calls: readonly AuditEvent[]): ReadonlyMap<string, string[]> {
  const stories = new Map<string, string[]>();
  for (const { verb, objectRef } of calls) {
    const name = objectRef?.name ?? '';
    const subresource = objectRef?.subresource;
    const story = stories.get(name) ?? [];
    stories.set(name, [...story, subresource === undefined ? verb : `${verb} ${subresource}`]);
  }
  return stories;
}
