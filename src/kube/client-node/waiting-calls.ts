import { FairQueue } from '../../base/fair-queue.ts';
import type { Waiting } from '../../base/fair-queue.ts';
import type { CallPriority } from './call-priority.ts';

/** A call that waits until it may be sent; its key is the tenant, empty where it is nobody's in particular. */
export type WaitingCall = Waiting<{
  readonly priority: CallPriority;
  /** On the monotonic scale. */
  readonly since: number;
  /** Sends it. */
  readonly admit: () => void;
  /** Refuses it. */
  readonly refuse: (error: Error) => void;
}>;

type Queue = FairQueue<WaitingCall['item']>;

/** Of each priority, so that low calls in their thousands shut no high one out. */
const maxOfEach = 1_000;
/** A call of low priority that has waited for so long counts as normal, or it might never go. */
const maxLowMs = 2_000;

/** `late` is a call of low priority that has waited for too long. */
export type CallRank = CallPriority | 'late';

/** Calls that wait, those of one priority by tenants in turn. Whoever leaves by itself is removed. */
export class WaitingCalls {
  readonly #byPriority: Readonly<Record<CallPriority, Queue>> = {
    high: new FairQueue({ maxCost: maxOfEach }),
    normal: new FairQueue({ maxCost: maxOfEach }),
    low: new FairQueue({ maxCost: maxOfEach }),
  };

  get size(): number {
    const { high, normal, low } = this.#byPriority;
    return high.size + normal.size + low.size;
  }

  /** False where too many wait already. */
  add(call: WaitingCall): boolean {
    const queue = this.#byPriority[call.item.priority];
    if (queue.size >= maxOfEach) return false;
    queue.join(call);
    return true;
  }

  remove(call: WaitingCall): void {
    this.#byPriority[call.item.priority].leave(call);
  }

  /** Takes out who is to go next among those that `mayGo`. */
  next(now: number, mayGo: (turn: CallRank) => boolean): WaitingCall | undefined {
    const { high, normal, low } = this.#byPriority;
    const isLate = now - (low.first?.item.since ?? now) >= maxLowMs;
    const order: readonly (readonly [CallRank, Queue])[] = [
      ['high', high],
      ...(isLate ? ([['late', low]] as const) : []),
      ['normal', normal],
      ['low', low],
    ];
    return order.find(([turn, queue]) => queue.size > 0 && mayGo(turn))?.[1].next();
  }

  /** Those that have waited since `time` or longer. */
  since(time: number): readonly WaitingCall[] {
    return Object.values(this.#byPriority).flatMap((queue) => [
      ...queue.heads(({ since }) => since <= time),
    ]);
  }
}
