import type { CallPriority } from './call-priority.ts';

/** A call that waits until it may be sent. */
export interface WaitingCall {
  readonly priority: CallPriority;
  /** On the monotonic scale. */
  readonly since: number;
  /** Sends it. */
  readonly admit: () => void;
  /** Refuses it. */
  readonly refuse: (error: Error) => void;
}

/** Of each priority, so that low calls in their thousands shut no high one out. */
const mostOfEach = 1_000;
/** A call of low priority that has waited for so long counts as normal, or it might never go. */
const longestLowMs = 2_000;

/** `late` is a call of low priority that has waited for too long. */
export type CallTurn = CallPriority | 'late';

/** Calls that wait: the oldest first within a priority. Whoever leaves by itself is removed. */
export class WaitingCalls {
  readonly #byPriority: Readonly<Record<CallPriority, Set<WaitingCall>>> = {
    high: new Set(),
    normal: new Set(),
    low: new Set(),
  };

  get size(): number {
    const { high, normal, low } = this.#byPriority;
    return high.size + normal.size + low.size;
  }

  /** False where too many wait already. */
  add(call: WaitingCall): boolean {
    const line = this.#byPriority[call.priority];
    if (line.size >= mostOfEach) return false;
    line.add(call);
    return true;
  }

  remove(call: WaitingCall): void {
    this.#byPriority[call.priority].delete(call);
  }

  /** Who is to go next among those that `mayGo`; it stays until it is removed. */
  next(now: number, mayGo: (turn: CallTurn) => boolean): WaitingCall | undefined {
    const { high, normal, low } = this.#byPriority;
    const [oldestLow] = low;
    const isLate = oldestLow !== undefined && now - oldestLow.since >= longestLowMs;
    const order: readonly [CallTurn, WaitingCall | undefined][] = [
      ['high', first(high)],
      ['late', isLate ? oldestLow : undefined],
      ['normal', first(normal)],
      ['low', oldestLow],
    ];
    return order.find(([turn, call]) => call !== undefined && mayGo(turn))?.[1];
  }

  /** Those that have waited since `time` or longer. */
  since(time: number): readonly WaitingCall[] {
    return Object.values(this.#byPriority).flatMap((line) => {
      const found: WaitingCall[] = [];
      for (const call of line) {
        if (call.since > time) break;
        found.push(call);
      }
      return found;
    });
  }
}

function first(line: ReadonlySet<WaitingCall>): WaitingCall | undefined {
  const [call] = line;
  return call;
}
