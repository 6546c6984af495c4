import type { CertificateRequest } from '../../../src/pki/certificate-request.ts';
import type { Step } from '../../e2e/runner/suite.ts';
import { expectNone } from '../runner/context.ts';
import type { FuzzContext } from '../runner/context.ts';
import { maxCpuMs } from '../runner/meter.ts';
import { perSecond } from '../runner/pace.ts';
import { mistakes } from './careless-gate.ts';
import { CsrTarget } from './csr-target.ts';
import { differencesFromGo, differencesFromOpenssl } from './read-alike.ts';
import { csrRejections } from './rejections.ts';

/** The part of the time that requests get. */
const share = 0.7;
const minAccepted = 1_000;

/** What must hold for mutated certificate requests; the first step makes and feeds them. */
export function csrSteps(context: FuzzContext): readonly Step[] {
  const target = new CsrTarget({ ...context, seed: context.settings.seed });
  return [...gateSteps(context, target), ...readerSteps(context, target)];
}

function gateSteps(context: FuzzContext, target: CsrTarget): readonly Step[] {
  const { settings, say } = context;
  return [
    {
      name: 'each is let in or refused with a CsrError',
      run: async (show) => {
        const { cases, ms } = await target.run({
          ...{ cases: settings.cases, budgetMs: settings.budgetMs * share },
          progress: (line) => say(`  ...   ${line}, ${target.accepted} let in`),
        });
        show(`${cases} cases in ${(ms / 1000).toFixed(1)} s, ${perSecond(cases, ms)} cases/s`);
        show(`${target.accepted} let in, ${target.nameless} more with a name that nobody has`);
        show(histogram(target.reasons));
        expectNone(context, 'csr', 'crash');
      },
    },
    step(`none takes more than ${maxCpuMs} ms of CPU`, () => {
      expectNone(context, 'csr', 'slow');
      return target.meter.describe();
    }),
    step('memory does not grow with the number of cases', () => {
      const growth = target.memory.check();
      if (growth === undefined) throw new Error('too few cases to say: run it for longer');
      return `${growth.toFixed(1)} MiB`;
    }),
    step('every reason for a refusal is reached', () => {
      const missing = csrRejections.filter((reason) => !target.reasons.has(reason));
      if (missing.length > 0) throw new Error(`not reached: ${missing.join(', ')}`);
      return `${csrRejections.length} reasons`;
    }),
    step(`at least ${minAccepted} are let in`, () => {
      atLeast(target.accepted, minAccepted);
      return String(target.accepted);
    }),
  ];
}

function readerSteps(context: FuzzContext, target: CsrTarget): readonly Step[] {
  const { go, openssl } = context;
  return [
    step(
      "Go's crypto/x509 reads each one that is let in alike",
      () => {
        expectNone(context, 'csr', 'go');
        atLeast(target.readByGo, Math.max(minAccepted, target.accepted + target.nameless));
        return `${target.readByGo} compared`;
      },
      'go',
    ),
    step(
      'openssl reads each one that is let in alike',
      () => {
        expectNone(context, 'csr', 'openssl');
        atLeast(target.readByOpenssl, Math.max(minAccepted, target.accepted + target.nameless));
        return `${target.readByOpenssl} compared`;
      },
      'openssl',
    ),
    step(
      'Go sees what a careless gate would overlook',
      () =>
        seesEveryMistake(async (request) => {
          const reading = await go?.ask('request', request.der);
          return reading === undefined ? [] : differencesFromGo(request, reading);
        }),
      'go',
    ),
    step(
      'openssl sees what a careless gate would overlook',
      () =>
        seesEveryMistake(async (request) => {
          const answer = openssl?.ask(request.pem);
          await openssl?.flush();
          return answer === undefined ? [] : differencesFromOpenssl(request, await answer);
        }),
      'openssl',
    ),
  ];
}

/** Throws an Error where the comparison finds nothing wrong with one of them. */
async function seesEveryMistake(
  differences: (request: CertificateRequest) => Promise<readonly string[]>,
): Promise<string> {
  const made = mistakes();
  for (const { name, request } of made) {
    const found = await differences(request);
    if (found.length === 0) throw new Error(`${name} went unseen`);
  }
  return `${made.length} mistakes`;
}

/** A step that shows one line. */
function step(name: string, prove: () => string | Promise<string>, needs?: string): Step {
  return {
    name,
    ...(needs === undefined ? {} : { needs }),
    run: async (show) => show(await prove()),
  };
}

function atLeast(count: number, min: number): void {
  if (count < min) throw new Error(`only ${count} of ${min}: run it for longer`);
}

function histogram(counts: ReadonlyMap<string, number>): string {
  const descending = [...counts].toSorted(([, one], [, other]) => other - one);
  return descending.map(([reason, count]) => `${reason} ${count}`).join(', ');
}
