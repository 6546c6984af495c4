import { FairQueue } from '../base/fair-queue.ts';
import type { Waiting } from '../base/fair-queue.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Rate } from '../base/token-bucket.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { maxConnectionCount } from './max-connections.ts';

/** What the limiter needs of a connection. */
export interface LimitedSocket {
  readonly remoteAddress?: string | undefined;
  once(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  /** Closes once what was written is out. */
  destroySoon(): void;
  destroy(): unknown;
}

export interface ConnectionLimits {
  /**
   * New TLS handshakes; each costs some 2 ms of CPU. The burst bounds how many begin between two turns of
   * the event loop: one that lags would otherwise make up for the time that it lost, lag more, and leave
   * each handshake unfinished until its client gives up.
   */
  readonly handshakes: Rate;
  /** Connections that may be in at once, handshake and all; the others wait. */
  readonly maxOpened: number;
  /** Connections that may wait for their handshake. */
  readonly maxWaiting: number;
  /** Clients give a connection some 20 s (grpc-go); who is closed before that comes again in time. */
  readonly waitMs: number;
  /**
   * Open connections from one address; undefined where they are not counted. Off by default: behind
   * one address there may be a whole node, a gateway or a network.
   */
  readonly maxPerAddress: number | undefined;
}

export const defaultConnectionLimits: ConnectionLimits = {
  handshakes: { perSecond: 300, burst: 8 },
  maxOpened: maxConnectionCount,
  maxWaiting: 4_096,
  waitMs: 15_000,
  maxPerAddress: undefined,
};

export interface ConnectionLimiterOptions<S extends LimitedSocket> {
  /** Takes over a connection whose turn has come. */
  readonly open: (socket: S) => void;
  readonly clock: Clock;
  /** Replaces some of the default figures. */
  readonly limits?: Partial<ConnectionLimits> | undefined;
}

export interface ConnectionCounts {
  /** Now, with those that wait or are in their handshake. */
  readonly open: number;
  /** Wait now for their handshake. */
  readonly waiting: number;
  /** So far. */
  readonly opened: number;
  /** Closed so far without a handshake, and why. */
  readonly closed: {
    readonly waitingFull: number;
    readonly waitedTooLong: number;
    readonly addressLimit: number;
    readonly stopping: number;
  };
}

type Closed = { -readonly [Reason in keyof ConnectionCounts['closed']]: number };

interface Waiter<S> {
  readonly socket: S;
  readonly patience: Timer;
}

/**
 * Paces new connections, so that a storm of handshakes leaves time for the calls of those that are
 * in. Who has to wait costs a paused socket and waits in turn by source address: an address that
 * floods has itself to wait for.
 */
export class ConnectionLimiter<S extends LimitedSocket> {
  readonly #options: ConnectionLimiterOptions<S>;
  readonly #limits: ConnectionLimits;
  readonly #handshakes: TokenBucket;
  readonly #queue: FairQueue<Waiter<S>>;
  readonly #sockets = new Set<S>();
  readonly #perAddress = new Map<string, number>();
  readonly #closed: Closed = { waitingFull: 0, waitedTooLong: 0, addressLimit: 0, stopping: 0 };
  #opened = 0;
  /** Of those opened, the ones that are still there. */
  #inside = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ConnectionLimiterOptions<S>) {
    this.#options = options;
    this.#limits = { ...defaultConnectionLimits, ...options.limits };
    this.#handshakes = new TokenBucket(this.#limits.handshakes, options.clock);
    this.#queue = new FairQueue({ maxCost: this.#limits.maxWaiting });
  }

  get counts(): ConnectionCounts {
    const { size: open } = this.#sockets;
    const closed = { ...this.#closed };
    return { open, waiting: this.#queue.size, opened: this.#opened, closed };
  }

  /** Takes a connection that has just been accepted and is paused. */
  arrive(socket: S): void {
    const address = socket.remoteAddress ?? '';
    this.#keep(socket, address);
    const { maxPerAddress = Infinity } = this.#limits;
    if (this.#stopped) this.#turnAway(socket, 'stopping');
    else if ((this.#perAddress.get(address) ?? 0) > maxPerAddress) {
      this.#turnAway(socket, 'addressLimit');
    } else if (this.#queue.size === 0 && this.#hasRoom() && this.#handshakes.take())
      this.#open(socket);
    else this.#wait(socket, address);
  }

  /** Turns away who waits and who comes; those that are in stay. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const { item } of this.#queue.clear()) {
      item.patience.cancel();
      this.#turnAway(item.socket, 'stopping');
    }
  }

  /** Cuts all connections; they count no more. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #keep(socket: S, address: string): void {
    this.#sockets.add(socket);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
    // Resets and the like; "close" follows.
    socket.on('error', () => undefined);
  }

  #wait(socket: S, address: string): void {
    const { clock } = this.#options;
    const patience = clock.timer(this.#limits.waitMs, () => {
      this.#queue.leave(entry);
      this.#turnAway(socket, 'waitedTooLong');
    });
    const entry: Waiting<Waiter<S>> = { key: address, cost: 1, item: { socket, patience } };
    socket.once('close', () => {
      patience.cancel();
      this.#queue.leave(entry);
    });
    for (const { item } of this.#queue.join(entry)) {
      item.patience.cancel();
      this.#turnAway(item.socket, 'waitingFull');
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#queue.size === 0 || !this.#hasRoom()) return;
    this.#timer = this.#options.clock.timer(this.#handshakes.waitMs(), () => {
      this.#timer = undefined;
      this.#openSome();
      this.#schedule();
    });
  }

  #openSome(): void {
    while (this.#queue.size > 0 && this.#hasRoom() && this.#handshakes.take()) {
      const item = this.#queue.next()?.item;
      if (item === undefined) return;
      item.patience.cancel();
      this.#open(item.socket);
    }
  }

  #hasRoom(): boolean {
    return this.#inside < this.#limits.maxOpened;
  }

  #open(socket: S): void {
    this.#opened += 1;
    this.#inside += 1;
    socket.once('close', () => {
      this.#inside -= 1;
      this.#schedule();
    });
    this.#options.open(socket);
  }

  /** Closes as who has nothing to say, not as who was hurt: the client shall try again. */
  #turnAway(socket: S, reason: keyof Closed): void {
    this.#closed[reason] += 1;
    socket.destroySoon();
  }
}
