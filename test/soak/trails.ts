import { filesOfTrail } from '../../src/audit/rotated-files.ts';
import { linesOf } from '../../src/audit/trail-lines.ts';
import { runCommand } from '../e2e/stack/run-command.ts';
import type { IssuedFact } from './sandbox/soak-messages.ts';

interface Line {
  readonly kind?: string;
  readonly time?: string;
  readonly requestId?: string;
  readonly csrName?: string;
  readonly csrUid?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly intended?: boolean;
  readonly serialNumber?: string;
  readonly refused?: number;
}

/** All audit lines of all replicas, found again by what they are about. */
export class Trails {
  /** How many requests were decided, by outcome. */
  readonly outcomes = new Map<string, number>();
  readonly #intentTimes = new Map<string, number>();
  readonly #intentNames = new Set<string>();
  readonly #intentRequests = new Map<string, string[]>();
  readonly #decided = new Map<string, number>();
  readonly #serials = new Map<string, number>();
  /** Refusals that a line counts instead of telling. */
  summarized = 0;

  static async read(trails: readonly string[]): Promise<Trails> {
    const all = new Trails();
    for (const trail of trails) {
      for await (const line of linesOf(await filesOfTrail(trail)))
        all.#add(JSON.parse(line) as Line);
    }
    return all;
  }

  /** Lines of decisions. */
  get decisions(): number {
    return [...this.outcomes.values()].reduce((sum, count) => sum + count, 0);
  }

  get issued(): number {
    return this.outcomes.get('issued') ?? 0;
  }

  decisionsOn(requestId: string): number {
    return this.#decided.get(requestId) ?? 0;
  }

  hasIssued(serialNumber: string): boolean {
    return this.#serials.has(plainSerial(serialNumber));
  }

  /** Names of requests that were approved though no line had said so. */
  approvedWithoutIntent(approved: readonly string[]): readonly string[] {
    return approved.filter((name) => !this.#intentNames.has(name));
  }

  /** Certificates of signers that no intent line came before, or no decision after. */
  unaccounted(issued: readonly IssuedFact[]): readonly string[] {
    return issued.flatMap(({ csrUid, at, serialNumber }) => {
      const intended = this.#intentTimes.get(csrUid);
      if (intended === undefined) return [`${serialNumber}: no intent line`];
      if (intended > at) return [`${serialNumber}: its intent line came after it`];
      const requests = this.#intentRequests.get(csrUid) ?? [];
      const isDecided = requests.every((request) => this.decisionsOn(request) === 1);
      return isDecided ? [] : [`${serialNumber}: no decision line`];
    });
  }

  /** Certificates that we say were issued and that no signer knows of. */
  unknownTo(issued: readonly IssuedFact[]): readonly string[] {
    const known = new Set(issued.map(({ serialNumber }) => plainSerial(serialNumber)));
    return [...this.#serials.keys()].filter((serial) => !known.has(serial));
  }

  #add(line: Line): void {
    if (line.kind === 'intent') this.#addIntent(line);
    else if (line.kind === 'decision') this.#addDecision(line);
    else if (line.kind === 'summary') this.summarized += line.refused ?? 0;
  }

  #addIntent({ csrName, csrUid, requestId, time }: Line): void {
    if (csrName !== undefined) this.#intentNames.add(csrName);
    if (csrUid === undefined || requestId === undefined) return;
    const at = Date.parse(time ?? '');
    this.#intentTimes.set(csrUid, Math.min(at, this.#intentTimes.get(csrUid) ?? Infinity));
    this.#intentRequests.set(csrUid, [...(this.#intentRequests.get(csrUid) ?? []), requestId]);
  }

  #addDecision({ outcome = 'unknown', requestId = '', serialNumber }: Line): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.#decided.set(requestId, this.decisionsOn(requestId) + 1);
    if (outcome !== 'issued') return;
    const serial = plainSerial(serialNumber ?? '');
    this.#serials.set(serial, (this.#serials.get(serial) ?? 0) + 1);
  }
}

/** Writers differ in case and in zeros in front. */
function plainSerial(serial: string): string {
  return serial.toLowerCase().replaceAll(':', '').replace(/^0+/, '');
}

/** What `istio-ra audit verify` of the bundle says, and whether it ended well. */
export async function verifyTrail(
  program: string,
  trail: string,
): Promise<{ readonly isIntact: boolean; readonly verdict: string }> {
  const { code, stdout, stderr } = await runCommand(process.execPath, [
    ...[program, 'audit', 'verify', trail],
  ]);
  const lines = (stdout.trim() || stderr.trim()).split('\n');
  return { isIntact: code === 0, verdict: lines.at(-1) ?? '' };
}
