import type { CallPriority } from './call-priority.ts';

/** A call that waits until it may be sent. */
export interface WaitingCall {
  readonly priority: CallPriority;
  /** Whose call it is; undefined: nobody's in particular. */
  readonly tenant: string | undefined;
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

/** Calls of one priority: the oldest first within a tenant, and each tenant in its turn. */
class Line {
  readonly #byTenant = new Map<string | undefined, Set<WaitingCall>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of the tenant whose turn it is; it stays until it is removed. */
  get first(): WaitingCall | undefined {
    const [line] = this.#byTenant.values();
    const [call] = line ?? [];
    return call;
  }

  add(call: WaitingCall): void {
    const line = this.#byTenant.get(call.tenant) ?? new Set();
    line.add(call);
    this.#byTenant.set(call.tenant, line);
    this.#size += 1;
  }

  /** The tenant's others come after those of all other tenants. */
  remove(call: WaitingCall): void {
    const line = this.#byTenant.get(call.tenant);
    if (line?.delete(call) !== true) return;
    this.#size -= 1;
    this.#byTenant.delete(call.tenant);
    if (line.size > 0) this.#byTenant.set(call.tenant, line);
  }

  since(time: number): readonly WaitingCall[] {
    return [...this.#byTenant.values()].flatMap((line) => {
      const found: WaitingCall[] = [];
      for (const call of line) {
        if (call.since > time) break;
        found.push(call);
      }
      return found;
    });
  }
}

/** Calls that wait. Whoever leaves by itself is removed. */
export class WaitingCalls {
  readonly #byPriority: Readonly<Record<CallPriority, Line>> = {
    high: new Line(),
    normal: new Line(),
    low: new Line(),
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
    this.#byPriority[call.priority].remove(call);
  }

  /** Who is to go next among those that `mayGo`; it stays until it is removed. */
  next(now: number, mayGo: (turn: CallTurn) => boolean): WaitingCall | undefined {
    const { high, normal, low } = this.#byPriority;
    const oldestLow = low.first;
    const isLate = oldestLow !== undefined && now - oldestLow.since >= longestLowMs;
    const order: readonly [CallTurn, WaitingCall | undefined][] = [
      ['high', high.first],
      ['late', isLate ? oldestLow : undefined],
      ['normal', normal.first],
      ['low', oldestLow],
    ];
    return order.find(([turn, call]) => call !== undefined && mayGo(turn))?.[1];
  }

  /** Those that have waited since `time` or longer. */
  since(time: number): readonly WaitingCall[] {
    return Object.values(this.#byPriority).flatMap((line) => line.since(time));
  }
}
