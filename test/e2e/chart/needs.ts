import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { RequestReport } from '../stack/agent.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { IstioRa } from '../stack/istio-ra.ts';
import type { Rights } from './chart-rights.ts';
import {
  chartAccountName,
  chartServerName,
  type BegunReplica,
  type ChartWorld,
} from './chart-world.ts';

/** A right, and what shows that it is needed. */
export interface Need {
  readonly rights: Rights;
  /** Uses it while it is gone; returns what was seen, and throws where nothing broke. */
  breaks(): Promise<string>;
  /** Uses it once it is back; throws where it is still broken. */
  works(): Promise<void>;
}

const home = 'istio-system';
const csrs = 'certificatesigningrequests';
const httpbin = { namespace: 'foo', account: 'httpbin' } as const;

/** What the writes of a replica of that name are for. */
export function needsOf(chart: ChartWorld, replica: string): readonly Need[] {
  return [...requestNeeds(chart, replica), ...leaderNeeds(chart)];
}

/** What one request needs, one call after the other. */
function requestNeeds(chart: ChartWorld, replica: string): readonly Need[] {
  const refusedBy = (rights: Rights, code: string, reason: string, name = replica): Need => ({
    rights,
    breaks: async () => {
      const ra = runningAs(chart, name);
      const report = await ask(chart, ra);
      assert.equal(report.code, code, report.message);
      assert.equal(ra.decisionOn(report.message).reason, reason);
      return `${code} (${reason})`;
    },
    works: () => untilIssued(chart, runningAs(chart, name)),
  });
  return [
    refusedBy(
      { resource: 'tokenreviews', verbs: ['create'] },
      'Unavailable',
      'token_review_failed',
    ),
    refusedBy({ resource: csrs, verbs: ['create'] }, 'Unavailable', 'create_forbidden'),
    refusedBy(
      { resource: `${csrs}/approval`, verbs: ['update'] },
      ...(['Unavailable', 'approve_forbidden'] as const),
    ),
    refusedBy(
      { resource: 'signers', verbs: ['approve'] },
      ...(['Unavailable', 'approve_forbidden'] as const),
    ),
    ownCertificateNeed(chart),
    deletionNeed(chart, replica),
  ];
}

/** The certificate of our own is asked for again and again until it is signed. */
function ownCertificateNeed(chart: ChartWorld): Need {
  let begun: BegunReplica | undefined;
  const waits = async (): Promise<boolean> =>
    (await begun?.page())?.includes('there is no serving certificate') ?? true;
  return {
    rights: { resource: csrs, verbs: ['get'] },
    breaks: async () => {
      const mark = chart.world.audit.mark();
      begun = await chart.beginReplica('installed-istio-ra-fresh');
      await untilRefused(chart, mark, { resource: csrs, verbs: ['get'] });
      await awaitUntil(waits, { what: '/ready misses a certificate', timeoutMs: 10_000 });
      return 'a replica that starts has no certificate of its own, and /ready says so';
    },
    works: async () => {
      try {
        const done = async (): Promise<boolean> => !(await waits());
        await awaitUntil(done, { what: 'there is a serving certificate', timeoutMs: 30_000 });
      } finally {
        await begun?.stop();
      }
    },
  };
}

/** What has served is deleted, if not at once then by who looks after what was left. */
function deletionNeed(chart: ChartWorld, replica: string): Need {
  const rights = { resource: csrs, verbs: ['delete'] };
  return {
    rights,
    breaks: async () => {
      const mark = chart.world.audit.mark();
      await untilIssued(chart, runningAs(chart, replica));
      await untilRefused(chart, mark, rights);
      const left = await chart.world.requestsLeft();
      assert.notEqual(left.length, 0, 'a request is left');
      return `${left.length} of the requests that have served are left`;
    },
    works: () => chart.world.awaitNothingLeft(60_000),
  };
}

/** What the one replica needs that writes for all. */
function leaderNeeds(chart: ChartWorld): readonly Need[] {
  const lease = { resource: 'leases', namespace: home };
  return [
    rootsNeed(chart, 'patch'),
    rootsNeed(chart, 'create'),
    removalNeed(chart),
    {
      rights: { ...lease, verbs: ['update'] },
      breaks: () => leaderless(chart, { ...lease, verbs: ['update'] }),
      works: () => untilRenewed(chart),
    },
    {
      rights: { ...lease, verbs: ['get'] },
      breaks: () => leaderless(chart, { ...lease, verbs: ['get'] }),
      works: () => untilRenewed(chart),
    },
    leaseCreationNeed(chart),
    ...['get', 'patch', 'create'].map((verb) => istiodTlsNeed(chart, verb)),
  ];
}

/** A namespace that is made while the right is gone, and one that is made afterwards. */
function rootsNeed(chart: ChartWorld, verb: string): Need {
  const rights = { resource: 'configmaps', verbs: [verb] };
  const [without, withRight] = [`without-${verb}`, `with-${verb}`];
  return {
    rights,
    breaks: async () => {
      const mark = chart.world.audit.mark();
      await chart.kubectl.run('create', 'namespace', without);
      // A create that a server-side apply would have to do stands in the log as the patch.
      await untilRefused(chart, mark, { ...rights, verbs: ['patch'] });
      assert.equal(await chart.rootsIn(without), undefined);
      return 'a new namespace has no roots';
    },
    works: async () => {
      await chart.kubectl.run('create', 'namespace', withRight);
      await chart.rootFileFor(withRight, () => true);
    },
  };
}

/** A namespace that the mesh no longer selects keeps the roots, or loses them. */
function removalNeed(chart: ChartWorld): Need {
  const rights = { resource: 'configmaps', verbs: ['delete'] };
  const leave = (namespace: string): Promise<string> =>
    chart.kubectl.run('label', 'namespace', namespace, 'outside=yes');
  return {
    rights,
    breaks: async () => {
      const selector = '[{ matchExpressions: [{ key: outside, operator: DoesNotExist }] }]';
      await chart.writeMeshConfig(`${chart.meshConfig()}discoverySelectors: ${selector}\n`);
      const mark = chart.world.audit.mark();
      await leave('with-patch');
      await untilRefused(chart, mark, rights);
      return 'a namespace outside of the mesh keeps its roots';
    },
    works: async () => {
      await leave('with-create');
      await awaitUntil(async () => (await chart.rootsIn('with-create')) === undefined, {
        what: 'the roots are taken away',
        timeoutMs: 20_000,
      });
    },
  };
}

async function leaderless(chart: ChartWorld, rights: Rights): Promise<string> {
  const mark = chart.world.audit.mark();
  const leader = await chart.leader();
  // Whoever leads renews without a look; a lease that was given back is looked at by all.
  if (rights.verbs.includes('get') && leader !== undefined) await chart.restartReplica(leader);
  const verb = await untilRefused(chart, mark, rights);
  return `nobody may ${verb} the Lease`;
}

async function untilRenewed(chart: ChartWorld): Promise<void> {
  const call = { verb: 'update', resource: 'leases', code: 200 };
  const mark = chart.world.audit.mark();
  const renewed = (): Promise<boolean> =>
    Promise.resolve(chart.world.audit.wasAnswered(chartAccountName, mark, call));
  await awaitUntil(renewed, { what: 'the Lease is renewed', timeoutMs: 20_000 });
}

function leaseCreationNeed(chart: ChartWorld): Need {
  const rights = { resource: 'leases', namespace: home, verbs: ['create'] };
  return {
    rights,
    breaks: async () => {
      const mark = chart.world.audit.mark();
      await chart.kubectl.run('delete', 'lease', 'istio-ra-leader', '--namespace', home);
      await untilRefused(chart, mark, rights);
      assert.equal(await chart.leader(), undefined);
      return 'a Lease that is gone stays away';
    },
    works: async () => {
      await awaitUntil(() => chart.leader(), { what: 'a replica leads', timeoutMs: 20_000 });
    },
  };
}

/** A new leader looks at the Secret at once. */
function istiodTlsNeed(chart: ChartWorld, verb: string): Need {
  const rights = { resource: 'secrets', namespace: home, verbs: [verb] };
  const secret = ['secret', 'istiod-tls', '--namespace', home];
  return {
    rights,
    breaks: async () => {
      const mark = chart.world.audit.mark();
      await chart.kubectl.run('delete', ...secret, '--ignore-not-found');
      const leader = await awaitUntil(() => chart.leader(), {
        what: 'a replica leads',
        timeoutMs: 20_000,
      });
      await chart.restartReplica(leader);
      await untilRefused(chart, mark, { ...rights, verbs: [verb === 'get' ? 'get' : 'patch'] });
      const { code } = await chart.kubectl.attempt('get', ...secret);
      assert.notEqual(code, 0, 'the Secret is not there');
      return 'the Secret for istiod is not written';
    },
    works: async () => {
      await awaitUntil(async () => (await chart.kubectl.attempt('get', ...secret)).code === 0, {
        what: 'the Secret for istiod is there',
        timeoutMs: 30_000,
      });
    },
  };
}

/** Waits until the API server forbids one of these calls; returns which. */
async function untilRefused(
  chart: ChartWorld,
  since: number,
  { resource, verbs }: Rights,
): Promise<string> {
  const { audit } = chart.world;
  const refused = (): string | undefined =>
    verbs.find((verb) => audit.wasAnswered(chartAccountName, since, { verb, resource, code: 403 }));
  return awaitUntil(() => Promise.resolve(refused()), {
    what: `${verbs.join(' or ')} of ${resource} is refused`,
    timeoutMs: 20_000,
  });
}

function runningAs(chart: ChartWorld, name: string): IstioRa {
  const ra = chart.replicas.get(name);
  if (ra === undefined) throw new Error(`${name} does not run`);
  return ra;
}

/** One request with a token that nobody has seen, since an answer about a token is kept. */
async function ask(chart: ChartWorld, ra: IstioRa): Promise<RequestReport> {
  const { namespace, account: serviceAccount } = httpbin;
  const tokenFile = chart.path('fresh.token');
  const token = await chart.kubectl.createToken({ namespace, serviceAccount });
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const rootFile = await chart.rootFileFor(namespace, () => true);
  return chart.world.request(httpbin, {
    ...{ ra, rootFile, tokenFile, serverName: chartServerName },
    ...{ certSigner: namespace, retries: false },
  });
}

async function untilIssued(chart: ChartWorld, ra: IstioRa): Promise<void> {
  await awaitUntil(async () => (await ask(chart, ra)).code === 'OK', {
    what: 'a certificate is issued',
    timeoutMs: 20_000,
  });
}
