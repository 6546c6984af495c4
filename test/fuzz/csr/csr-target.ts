import { parseCertificateRequest } from '../../../src/pki/certificate-request.ts';
import type { CertificateRequest } from '../../../src/pki/certificate-request.ts';
import { CsrError } from '../../../src/pki/errors.ts';
import { describeError } from '../runner/findings.ts';
import type { Finding, Findings } from '../runner/findings.ts';
import type { GoOracle } from '../runner/go-oracle.ts';
import { MemoryWatch } from '../runner/memory.ts';
import { Meter } from '../runner/meter.ts';
import type { Measured } from '../runner/meter.ts';
import type { OpensslOracle } from '../runner/openssl-oracle.ts';
import { runCases } from '../runner/pace.ts';
import type { PaceOptions } from '../runner/pace.ts';
import { Random } from '../runner/random.ts';
import { makeCsrCase } from './csr-cases.ts';
import type { FuzzCase } from './csr-cases.ts';
import { KeyRing } from './csr-keys.ts';
import { differencesFromGo, differencesFromOpenssl, namesAnIdentity } from './read-alike.ts';

export interface CsrTargetOptions {
  readonly seed: number;
  readonly findings: Findings;
  readonly go: GoOracle | undefined;
  readonly openssl: OpensslOracle | undefined;
}

/** The words of the stream of choices for keys. */
const keyStream = 2;

/** Whether a finding shows; with a candidate in place of the case it was found with. */
type Shows = (candidate: FuzzCase) => Promise<string | undefined>;

/** Feeds the gate for certificate requests, and lets others read what it lets in. */
export class CsrTarget {
  readonly meter = new Meter();
  readonly memory = new MemoryWatch();
  readonly reasons = new Map<string, number>();
  /** Let in by the gate, with a name that somebody could have. */
  accepted = 0;
  /** Let in by the gate, with a name that nobody has. */
  nameless = 0;
  readByGo = 0;
  readByOpenssl = 0;
  readonly #options: CsrTargetOptions;
  readonly #keys: KeyRing;
  readonly #asked = new Set<Promise<void>>();

  constructor(options: CsrTargetOptions) {
    this.#options = options;
    this.#keys = new KeyRing(new Random(options.seed, keyStream));
  }

  async run(pace: PaceOptions): Promise<{ readonly cases: number; readonly ms: number }> {
    const ran = await runCases(pace, (index) => this.#one(index));
    await this.#options.openssl?.flush();
    await Promise.all(this.#asked);
    return ran;
  }

  #one(index: number): Promise<void> | undefined {
    const made = makeCsrCase({ seed: this.#options.seed, index }, this.#keys);
    const measured = this.#measure(made, index);
    this.#count(measured);
    this.memory.afterCase(index);
    const problem = problemOf(measured);
    if (problem !== undefined) {
      const shows: Shows = (candidate) =>
        Promise.resolve(problemOf(this.#measure(candidate, index))?.detail);
      return this.#report({ ...problem, made, index }, shows);
    }
    const { outcome } = measured;
    if (outcome.kind === 'returned') this.#compare(outcome.value, made, index);
    return this.#options.openssl?.backlog() ?? this.#options.go?.backlog();
  }

  #measure({ text, steps }: FuzzCase, index: number): Measured<CertificateRequest> {
    const name = (): string => `case ${index}: ${steps.join(', ')}`;
    return this.meter.measure(name, () => parseCertificateRequest(text));
  }

  #count({ outcome }: Measured<CertificateRequest>): void {
    if (outcome.kind === 'returned') {
      if (namesAnIdentity(outcome.value)) this.accepted += 1;
      else this.nameless += 1;
    } else if (outcome.error instanceof CsrError) {
      const { reason } = outcome.error;
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    }
  }

  #compare(request: CertificateRequest, made: FuzzCase, index: number): void {
    const { go, openssl } = this.#options;
    if (go !== undefined) {
      this.readByGo += 1;
      this.#ask('go', { request, made, index }, async (asked) =>
        differencesFromGo(asked, await go.ask('request', asked.der)),
      );
    }
    if (openssl !== undefined) {
      this.readByOpenssl += 1;
      this.#ask('openssl', { request, made, index }, async (asked) =>
        differencesFromOpenssl(asked, await openssl.ask(asked.pem)),
      );
    }
  }

  #ask(
    kind: 'go' | 'openssl',
    { request, made, index }: { request: CertificateRequest; made: FuzzCase; index: number },
    differences: (request: CertificateRequest) => Promise<readonly string[]>,
  ): void {
    const detailOf = (found: readonly string[]): string | undefined =>
      found.length === 0 ? undefined : `${kind} differs in: ${found.join(', ')}`;
    const shows: Shows = async (candidate) => {
      const { outcome } = this.#measure(candidate, index);
      if (outcome.kind === 'threw') return undefined;
      const answer = differences(outcome.value);
      await this.#options.openssl?.flush();
      return detailOf(await answer);
    };
    const asked = differences(request).then(async (found) => {
      const detail = detailOf(found);
      if (detail !== undefined) await this.#report({ kind, detail, made, index }, shows);
    });
    const done = asked.finally(() => this.#asked.delete(done));
    this.#asked.add(done);
  }

  #report(problem: Problem & { made: FuzzCase; index: number }, shows: Shows): Promise<void> {
    const { kind, detail, made, index } = problem;
    const finding: Finding = {
      ...{ target: 'csr', kind, detail, input: made.text },
      ...{ seed: this.#options.seed, index, steps: made.steps },
    };
    return this.#options.findings.add(finding, () => this.#smaller(finding, shows));
  }

  /** Leaves out one step after the other for as long as the same shows. */
  async #smaller(finding: Finding, shows: Shows): Promise<Finding> {
    const { seed, index } = finding;
    const without = new Set<number>();
    let best = finding;
    for (const at of finding.steps.keys()) {
      const candidate = makeCsrCase({ seed, index }, this.#keys, new Set([...without, at]));
      const detail = await shows(candidate);
      if (detail === undefined) continue;
      without.add(at);
      best = { ...finding, detail, input: candidate.text, steps: candidate.steps };
    }
    return best;
  }
}

interface Problem {
  readonly kind: string;
  readonly detail: string;
}

function problemOf({ outcome, tooSlowMs }: Measured<unknown>): Problem | undefined {
  if (outcome.kind === 'threw' && !(outcome.error instanceof CsrError)) {
    return { kind: 'crash', detail: describeError(outcome.error) };
  }
  return tooSlowMs === undefined
    ? undefined
    : { kind: 'slow', detail: `took ${tooSlowMs.toFixed(1)} ms of CPU` };
}
