import assert from 'node:assert/strict';
import type { CheckResult } from '../../../src/check/check.ts';
import type { Show, Step } from '../runner/suite.ts';
import { secondsSince } from '../runner/suite.ts';
import { awaitUntil } from '../stack/await-until.ts';
import { ChartRights, keysOf, type Rights } from './chart-rights.ts';
import { chartAccountName, type BegunReplica, type ChartWorld } from './chart-world.ts';
import { needsOf, type Need } from './needs.ts';
import { rightsValues } from './rights-values.ts';

const home = 'istio-system';
const readerName = 'installed-istio-ra-reader';
const csrs = 'certificatesigningrequests';

/** What a replica reads before it is ready, in the order in which it misses it. */
const reads: readonly Rights[] = [
  { resource: 'configmaps', namespace: home, verbs: ['list', 'watch'] },
  { resource: csrs, verbs: ['list', 'watch'] },
  { resource: 'proxyconfigs', verbs: ['list', 'watch'] },
  { resource: 'pods', verbs: ['list', 'watch'] },
  { resource: 'namespaces', verbs: ['list', 'watch'] },
];

/** Why a right is not taken away here. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['get pods', 'pods that a watch knows are not asked for: the unit tests of caller-pods'],
  ['reference signers in foo', 'the walk-through, 4.6, takes it away'],
  [
    `deletecollection ${csrs}`,
    'without it they are deleted one by one: the unit tests of removals',
  ],
  ['list configmaps', 'read by a leader as it begins: test/contract has the call'],
  ['watch configmaps', 'read by a leader as it begins: test/contract has the call'],
  ['list secrets in istio-system', 'only remote clusters need it: test/integration/remote-cluster'],
  [
    'watch secrets in istio-system',
    'only remote clusters need it: test/integration/remote-cluster',
  ],
  [
    'list services in istio-system',
    'without it the certificate of istiod lacks the names of revisions: its unit tests',
  ],
  [
    'watch services in istio-system',
    'without it the certificate of istiod lacks the names of revisions: its unit tests',
  ],
  ['get clusterissuers', 'only explains what fails in any case: the unit tests of explanations'],
  ['get issuers in foo', 'only explains what fails in any case: the unit tests of explanations'],
  [
    'list events in default',
    'only explains what fails in any case: the unit tests of explanations',
  ],
]);

/** No rule that nothing needs: each right is taken away, something breaks, and works again with it. */
export function rightsSteps(chart: ChartWorld): Step[] {
  let rights: ChartRights | undefined;
  let needs: readonly Need[] = [];
  const held = (): ChartRights => {
    if (rights === undefined) throw new Error('the chart is not installed');
    return rights;
  };
  return [
    {
      name: 'the chart with more of its features on',
      foundation: true,
      run: async () => {
        await chart.install(rightsValues);
        rights = new ChartRights(chart);
        await rights.giveBack(reads);
        needs = needsOf(chart, readerName);
      },
    },
    {
      name: "istio-ra check in a pod, as the pod's own account: it sees the rules, and holds every right that it needs",
      run: (show) => checkInPod(chart, show),
    },
    {
      name: 'a replica that may read nothing says on /ready what it lacks, and gets ready right by right',
      run: (show) => readNothing(chart, held(), show),
    },
    {
      name: 'each right to write: what breaks without it works again with it, without a restart',
      run: async (show) => {
        for (const need of needs) show(await prove(need, held()));
      },
    },
    {
      name: 'no right was rendered that is not among them',
      run: (show) => {
        const proved = [...reads, ...needs.map(({ rights: of }) => of)].flatMap((of) =>
          keysOf(of, of),
        );
        const left = held()
          .all()
          .filter((key) => !proved.includes(key));
        assert.deepEqual(left, [...elsewhere.keys()].sort());
        show(`${proved.length} taken away here; elsewhere: ${left.join(', ')}`);
        return Promise.resolve();
      },
    },
  ];
}

/** As `kubectl exec … istio-ra check`, without a word about the installation. */
async function checkInPod(chart: ChartWorld, show: Show): Promise<void> {
  const { stdout, stderr } = await chart.exec(readerName, ['check', '-o', 'json']);
  assert.notEqual(stdout, '', stderr);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly CheckResult[] };
  const verdictOn = (id: string): unknown => checks.find((check) => check.id === id)?.verdict;
  const held = checks.filter(({ id }) => id === 'right');
  assert.ok(held.length > 0, 'no right was asked for');
  const isNotOk = ({ verdict }: CheckResult): boolean => verdict !== 'ok';
  assert.deepEqual(held.filter(isNotOk), []);
  for (const id of ['api-reachable', 'mesh-config', 'signer-names', 'signer-policy']) {
    assert.equal(verdictOn(id), 'ok', id);
  }
  // What its account may not see is skipped, and is not called broken.
  assert.deepEqual(
    checks.filter(({ text }) => text.startsWith('could not be run')),
    [],
  );
  const skipped = checks.filter(({ verdict }) => verdict === 'skipped');
  show(`${held.length} rights held; skipped: ${skipped.map(({ id }) => id).join(', ')}`);
}

async function readNothing(chart: ChartWorld, rights: ChartRights, show: Show): Promise<void> {
  await rights.takeAway(reads);
  const reader = await chart.beginReplica(readerName);
  try {
    for (const [at, right] of reads.entries()) {
      show(await readAgain({ chart, rights, reader }, right, reads.slice(at + 1)));
    }
  } finally {
    await rights.giveBack(reads);
    await reader.stop();
  }
  await chart.startReplica(readerName);
}

/** First the list, and once that is read the watch. */
async function readAgain(
  { chart, rights, reader }: { chart: ChartWorld; rights: ChartRights; reader: BegunReplica },
  right: Rights,
  later: readonly Rights[],
): Promise<string> {
  const { resource } = right;
  const line = `the right to list and watch ${resource} is missing`;
  const says = async (): Promise<boolean> => (await reader.page()).includes(line);
  await awaitUntil(says, { what: `/ready says: ${line}`, timeoutMs: 10_000 });
  const start = performance.now();
  const [list, watch] = ['list', 'watch'].map((verb) => ({ ...right, verbs: [verb] }));
  assert.ok(list && watch);
  const before = chart.world.audit.mark();
  await rights.giveBack([list], [watch, ...later]);
  const refused = (): Promise<boolean> => watches(chart, before, resource, 403);
  await awaitUntil(refused, { what: `a watch of ${resource} is refused`, timeoutMs: 20_000 });
  const after = chart.world.audit.mark();
  await rights.giveBack([watch], later);
  const opened = (): Promise<boolean> => watches(chart, after, resource, 200);
  await awaitUntil(opened, { what: `a watch of ${resource} is open`, timeoutMs: 30_000 });
  await awaitUntil(async () => !(await says()), { what: `/ready is content`, timeoutMs: 5_000 });
  return `${keysOf(right, right).join(', ')}: "${line}"; back after ${secondsSince(start)} s`;
}

function watches(
  chart: ChartWorld,
  since: number,
  resource: string,
  code: number,
): Promise<boolean> {
  const call = { verb: 'watch', resource, code };
  return Promise.resolve(chart.world.audit.wasAnswered(chartAccountName, since, call));
}

async function prove(need: Need, rights: ChartRights): Promise<string> {
  const { rights: right } = need;
  await rights.takeAway([right]);
  let broken: string;
  try {
    broken = await need.breaks();
  } finally {
    await rights.giveBack([right]);
  }
  const start = performance.now();
  await need.works();
  return `${keysOf(right, right).join(', ')}: ${broken}; again after ${secondsSince(start)} s`;
}
