import { MissingPrerequisite } from '../e2e/stack/prerequisites.ts';
import { Suite } from '../e2e/runner/suite.ts';
import { certificateSteps } from './certificate/certificate-chapter.ts';
import { csrSteps } from './csr/csr-chapter.ts';
import { Findings } from './runner/findings.ts';
import { GoOracle } from './runner/go-oracle.ts';
import { OpensslOracle } from './runner/openssl-oracle.ts';
import { readSettings } from './runner/settings.ts';
import { textSteps } from './text/text-chapter.ts';

/** A day: what bounds a run is its own budget. */
const maxStepMs = 86_400_000;

/** `make fuzz`: mutated input for every parser of outside text. Returns the exit status. */
async function main(): Promise<number> {
  const settings = readSettings(process.env);
  const { seed, budgetMs, cases, mustRunAll } = settings;
  const bound = Number.isFinite(budgetMs) ? `${budgetMs / 1000} s` : 'no limit of time';
  const max = Number.isFinite(cases) ? `, ${cases} requests` : '';
  say(`FUZZ_SEED=${seed}: ${bound}${max}`);
  const missing = new Map<string, string>();
  const go = await orMissing(missing, 'go', () => GoOracle.start(say));
  const openssl = await orMissing(missing, 'openssl', () => OpensslOracle.start());
  const suite = new Suite({ print: say, missing, mustRunAll, maxStepMs });
  const context = { settings, findings: new Findings(), go, openssl, say };
  await suite.chapter('Certificate requests', csrSteps(context));
  await suite.chapter('Certificates', certificateSteps(context));
  await suite.chapter('Other texts from outside', textSteps(context));
  await go?.stop();
  await openssl?.stop();
  suite.summarize();
  return suite.succeeded ? 0 : 1;
}

async function orMissing<T>(
  missing: Map<string, string>,
  name: string,
  start: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof MissingPrerequisite)) throw error;
    missing.set(name, error.message);
    return undefined;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
