import type { LoadReport } from '../e2e/stack/agent.ts';
import type { GoodRequest } from './clients.ts';
import type { Sampler } from './sampler.ts';
import type { Slope } from './slope.ts';
import type { SoakSettings } from './soak-settings.ts';
import type { Trails } from './trails.ts';
import type { TroubleMaker } from './trouble-maker.ts';

type Loads = Readonly<Record<string, LoadReport>>;

/** One thing that must hold, what was found, and whether it does. */
export interface Check {
  readonly name: string;
  readonly found: string;
  readonly holds: boolean;
}

/** After the API was unwell, a client that retries may need so long until it is served again. */
export const recoveryMs = 6_000;

/** Whether the tenant beside was served whenever the API was well. */
export function judgeGoodTenant(requests: readonly GoodRequest[], trouble: TroubleMaker): Check {
  const judged = requests.filter(({ from, to }) => trouble.wasApiWell(from, to, recoveryMs));
  const failed = judged.filter(({ report }) => !report.ok);
  const others = requests.length - judged.length;
  const served =
    requests.filter(({ report }) => report.ok).length - (judged.length - failed.length);
  const why = failed.map(({ report }) => report.refused ?? report.message ?? report.code);
  return {
    name: 'the tenant beside is served while the API and its signer are well',
    found: `${judged.length - failed.length} of ${judged.length}${examples(why)}; ${served} of ${others} while the API was not`,
    // A run in which nothing could be judged has shown nothing.
    holds: failed.length === 0 && judged.length > requests.length / 10,
  };
}

/** Whether the loads and the trails tell the same story. */
export function judgeAccounts(facts: {
  readonly loads: Loads;
  readonly good: readonly GoodRequest[];
  readonly trails: Trails;
  readonly sampler: Sampler;
}): readonly Check[] {
  const { loads, good, trails, sampler } = facts;
  const unaccounted = trails.unaccounted(sampler.issued);
  const unknown = trails.unknownTo(sampler.issued);
  const early = trails.approvedWithoutIntent(sampler.approved);
  return [
    judgeCounts(loads, good, trails),
    judgeRequestIds(good, trails),
    {
      name: 'each certificate of a signer has its intent before and its decision after',
      found: `${sampler.issued.length} certificates${examples(unaccounted)}`,
      holds: unaccounted.length === 0 && sampler.issued.length > 0,
    },
    {
      name: 'each confirmed approval has an intent line',
      found: `${sampler.approved.length} approvals${examples(early)}`,
      holds: early.length === 0 && sampler.approved.length > 0,
    },
    {
      name: 'each certificate that we say was issued is known to its signer',
      found: `${trails.issued} issued${examples(unknown)}`,
      holds: unknown.length === 0 && trails.issued > 0,
    },
    judgeRefused(loads, good),
  ];
}

function judgeRefused(loads: Loads, good: readonly GoodRequest[]): Check {
  const refused = [
    ...Object.values(loads).flatMap(({ failed, messages }) =>
      failed['Refused'] === undefined ? [] : [messages['Refused'] ?? 'Refused'],
    ),
    ...good.flatMap(({ report }) => (report.refused === undefined ? [] : [report.refused])),
  ];
  return {
    name: 'no client refused what it was given',
    found: `${refused.length}${examples(refused)}`,
    holds: refused.length === 0,
  };
}

/** Codes that a client makes up itself where nobody answers. */
const unanswered = ['Unavailable', 'Canceled', 'DeadlineExceeded', 'Unknown'];

/**
 * Each attempt that was answered has one decision, and attempts that nobody answered may have one.
 */
function judgeCounts(loads: Loads, good: readonly GoodRequest[], trails: Trails): Check {
  const codes = new Map<string, number>();
  const add = (code: string, count: number): void => {
    codes.set(code, (codes.get(code) ?? 0) + count);
  };
  for (const load of Object.values(loads)) {
    for (const [code, count] of Object.entries(load.attemptCodes)) add(code, count);
  }
  for (const { report } of good) for (const { code } of report.attempts) add(code, 1);
  const attempts = [...codes.values()].reduce((sum, count) => sum + count, 0);
  const maybe = unanswered.reduce((sum, code) => sum + (codes.get(code) ?? 0), 0);
  const decided = trails.decisions + trails.summarized;
  const ok = codes.get('OK') ?? 0;
  return {
    name: 'each attempt that was answered has one decision line',
    found: `${attempts} attempts, ${maybe} perhaps unanswered; ${decided} decisions; ${ok} OK, ${trails.issued} issued`,
    holds:
      decided >= attempts - maybe &&
      decided <= attempts &&
      trails.issued >= ok &&
      trails.issued <= ok + maybe,
  };
}

/** Exactly: each answer that the tenant beside got, by its request id or its serial number. */
function judgeRequestIds(good: readonly GoodRequest[], trails: Trails): Check {
  const ids = good.flatMap(({ report }) =>
    report.attempts.flatMap(
      ({ message = '' }) => /\(request ([0-9a-f]{32})\)$/.exec(message)?.[1] ?? [],
    ),
  );
  const serials = good.flatMap(({ report }) => report.leaf?.serial ?? []);
  const wrong = [
    ...ids.filter((id) => trails.decisionsOn(id) !== 1),
    ...serials.filter((serial) => !trails.hasIssued(serial)),
  ];
  return {
    name: 'each answer to the tenant beside is found in a trail',
    found: `${serials.length} certificates, ${ids.length} refusals${examples(wrong)}`,
    holds: wrong.length === 0 && serials.length > 0,
  };
}

/** Whether anything rises that should not. */
export function judgeSlopes(sampler: Sampler, settings: SoakSettings): readonly Check[] {
  const { memory, live, descriptors, objects } = sampler.slopes();
  const peaks = sampler.peaks();
  const check = (name: string, slope: Slope, max: number, peak: number): Check => ({
    name: `${name} do not rise by ${max} a minute`,
    found: `${slope.perMinute.toFixed(2)} ± ${slope.standardError.toFixed(2)} a minute, ${peak.toFixed(0)} at most`,
    holds: slope.perMinute < max || slope.perMinute < 2 * slope.standardError,
  });
  return [
    check('MiB of live memory', live, settings.maxLive, peaks.liveMiB),
    check('MiB of resident memory', memory, settings.maxMemory, peaks.memoryMiB),
    check('file descriptors', descriptors, settings.maxDescriptors, peaks.descriptors),
    check('API objects', objects, settings.maxObjects, peaks.objects),
  ];
}

const maxExamples = 6;

/** How many problems there are, and the first of them. */
export function examples(problems: readonly string[]): string {
  if (problems.length === 0) return '';
  const shown = [...new Set(problems)].slice(0, maxExamples).join('; ');
  return ` — ${problems.length} wrong: ${shown}`;
}
