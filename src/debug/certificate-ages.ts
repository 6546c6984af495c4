import type { RecentDecision } from '../ra/recent-decisions.ts';

export interface CertificateAges {
  /** How many are in the first, second, … tenth of their life. */
  readonly tenths: readonly number[];
  /** Those whose life is over, of those that are kept. */
  readonly expired: number;
  /** Older ones that are no longer kept. */
  readonly forgotten: number;
}

const defaultMaxKept = 20_000;

/** The lives of the newest certificates that were issued, two numbers each. */
export class IssuedLives {
  readonly #begins: Float64Array;
  readonly #ends: Float64Array;
  #issued = 0;

  constructor(maxKept = defaultMaxKept) {
    this.#begins = new Float64Array(maxKept);
    this.#ends = new Float64Array(maxKept);
  }

  note({ time, notAfter }: Pick<RecentDecision, 'time' | 'notAfter'>): void {
    const end = Date.parse(notAfter ?? '');
    if (!(end > time)) return;
    const at = this.#issued % this.#begins.length;
    this.#begins[at] = time;
    this.#ends[at] = end;
    this.#issued += 1;
  }

  /** As it is at `now`, in milliseconds since the Unix epoch. */
  ages(now: number): CertificateAges {
    const kept = Math.min(this.#issued, this.#begins.length);
    const tenths = Array.from({ length: 10 }, () => 0);
    let expired = 0;
    for (let at = 0; at < kept; at += 1) {
      const [begin = 0, end = 0] = [this.#begins[at], this.#ends[at]];
      const tenth = Math.max(0, Math.floor(((now - begin) / (end - begin)) * 10));
      if (tenth < 10) tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      else expired += 1;
    }
    return { tenths, expired, forgotten: this.#issued - kept };
  }
}
