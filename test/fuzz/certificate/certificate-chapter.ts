import { isSignedBy, parseCertificate } from '../../../src/pki/certificate.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { CertificateError } from '../../../src/pki/errors.ts';
import { importPublicKey } from '../../../src/pki/subject-public-key.ts';
import type { Step } from '../../e2e/runner/suite.ts';
import { expectNone } from '../runner/context.ts';
import type { FuzzContext } from '../runner/context.ts';
import { describeError } from '../runner/findings.ts';
import { Meter, maxCpuMs } from '../runner/meter.ts';
import { perSecond, runCases } from '../runner/pace.ts';
import { makeCertificateCase } from './certificate-cases.ts';
import type { CertificateCase } from './certificate-cases.ts';
import { differencesFromGo } from './certificate-read-alike.ts';

/** The part of the time, and of the number of requests. */
const share = 0.12;
const caseShare = 0.2;

/** What must hold for mutated certificates; the first step makes and feeds them. */
export function certificateSteps(context: FuzzContext): readonly Step[] {
  const { settings, say } = context;
  const target = new CertificateTarget(context);
  return [
    {
      name: 'each is read or refused with a CertificateError',
      run: async (show) => {
        const pace = {
          cases: Math.ceil(settings.cases * caseShare),
          budgetMs: settings.budgetMs * share,
          progress: say,
        };
        const { cases, ms } = await runCases(pace, (index) => target.one(index));
        await Promise.all(target.asked);
        show(`${cases} cases, ${perSecond(cases, ms)} cases/s, ${target.read} read`);
        expectNone(context, 'certificate', 'crash');
      },
    },
    {
      name: `none takes more than ${maxCpuMs} ms of CPU`,
      run: (show) => {
        show(target.meter.describe());
        expectNone(context, 'certificate', 'slow');
        return Promise.resolve();
      },
    },
    {
      name: "Go's crypto/x509 reads alike what it reads too",
      needs: 'go',
      run: (show) => {
        show(`${target.readByBoth} of ${target.read}; the rest Go refuses`);
        expectNone(context, 'certificate', 'go');
        if (target.readByBoth === 0) throw new Error('there was nothing to compare');
        return Promise.resolve();
      },
    },
  ];
}

class CertificateTarget {
  readonly meter = new Meter();
  readonly asked = new Set<Promise<void>>();
  read = 0;
  readByBoth = 0;
  readonly #context: FuzzContext;

  constructor(context: FuzzContext) {
    this.#context = context;
  }

  one(index: number): Promise<void> | undefined {
    const made = makeCertificateCase(this.#context.settings.seed, index);
    const name = (): string => `case ${index}: ${made.steps.join(', ')}`;
    const { outcome, tooSlowMs } = this.meter.measure(name, () => readAndVerify(made.der));
    if (tooSlowMs !== undefined)
      return this.#report('slow', `took ${tooSlowMs} ms of CPU`, made, index);
    if (outcome.kind === 'returned') {
      this.read += 1;
      this.#compare(outcome.value, made, index);
    } else if (!(outcome.error instanceof CertificateError)) {
      return this.#report('crash', describeError(outcome.error), made, index);
    }
    return this.#context.go?.backlog();
  }

  #compare(certificate: Certificate, made: CertificateCase, index: number): void {
    const { go } = this.#context;
    if (go === undefined) return;
    const asked = go.ask('certificate', certificate.der).then(async (reading) => {
      if (reading.ok) this.readByBoth += 1;
      const found = differencesFromGo(certificate, reading);
      if (found.length > 0)
        await this.#report('go', `Go differs in: ${found.join(', ')}`, made, index);
    });
    const done = asked.finally(() => this.asked.delete(done));
    this.asked.add(done);
  }

  #report(kind: string, detail: string, made: CertificateCase, index: number): Promise<void> {
    const { findings, settings } = this.#context;
    const { der, steps } = made;
    return findings.add({
      target: 'certificate',
      kind,
      detail,
      input: der,
      seed: settings.seed,
      index,
      steps,
    });
  }
}

/** As an issued chain is looked at: read, and a signature tried with the key that it holds. */
function readAndVerify(der: Uint8Array): Certificate {
  const certificate = parseCertificate(der);
  const key = importPublicKey(certificate.spkiDer);
  if (key !== undefined) isSignedBy(certificate, key);
  return certificate;
}
