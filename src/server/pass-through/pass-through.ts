import type { ServerHttp2Session } from 'node:http2';
import type { Random } from '../../base/backoff.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { sessionOf } from './divert-streams.ts';
import type { ArrivedStream } from './divert-streams.ts';
import { exhausted, unavailable } from './own-answer.ts';
import type { OwnAnswer } from './own-answer.ts';
import { requestToUpstream } from './passed-headers.ts';
import { PassedStream } from './passed-stream.ts';
import { noTraffic } from './traffic.ts';
import type { Traffic } from './traffic.ts';
import type { Upstream, UpstreamSessionLimits } from './upstream-session.ts';
import { UpstreamSessions, UpstreamUnavailable } from './upstream-sessions.ts';

export interface PassThroughLimits extends UpstreamSessionLimits {
  /** Streams at once; more are answered with RESOURCE_EXHAUSTED. */
  readonly streams: number;
  readonly streamsPerConnection: number;
  /** Connections to istiod at once. */
  readonly sessions: number;
  /** Over how long the streams are ended in a drain. */
  readonly drainMs: number;
  /** How often connections that reached their age are looked for. */
  readonly sweepMs: number;
}

export const defaultPassThroughLimits: PassThroughLimits = {
  streams: 10_000,
  streamsPerConnection: 100,
  sessions: 200,
  streamsPerSession: 100,
  connectTimeoutMs: 5_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  idleMs: 60_000,
  drainMs: 5_000,
  sweepMs: 5_000,
};

export interface PassThroughOptions {
  readonly upstream: Upstream;
  readonly limits?: Partial<PassThroughLimits>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Figures for whoever watches us; all but the `open` ones only grow. */
export interface PassThroughCounters extends Readonly<Traffic> {
  readonly streamsOpen: number;
  readonly streamsTotal: number;
  /** Ended by us, since istiod was away or a bound was reached. */
  readonly streamsFailed: number;
  readonly upstreamSessionsOpen: number;
  /** Whether the last attempt to connect to istiod succeeded; undefined before the first. */
  readonly upstreamReachable: boolean | undefined;
}

const stopping = unavailable('the server is stopping, connect again');
const aged = unavailable('the connection has reached its age, connect again');
const unreachable = unavailable('istiod is not reachable');
const full = exhausted('istiod has no room for another stream');
const drainSteps = 20;

/**
 * Carries every gRPC call that is not ours to the real istiod, stream by stream and byte for byte.
 * Who calls is istiod's business: the token goes along. A client's certificate cannot.
 */
export class PassThrough {
  readonly #options: PassThroughOptions;
  readonly #limits: PassThroughLimits;
  readonly #sessions: UpstreamSessions;
  readonly #streams = new Set<PassedStream>();
  readonly #perConnection = new WeakMap<ServerHttp2Session, number>();
  /** Those that were found on a closing connection once. */
  readonly #leaving = new WeakSet<PassedStream>();
  readonly #traffic = noTraffic();
  #total = 0;
  #failed = 0;
  #sweep: Timer | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: PassThroughOptions) {
    this.#options = options;
    this.#limits = { ...defaultPassThroughLimits, ...options.limits };
    this.#sessions = new UpstreamSessions({ ...options, limits: this.#limits });
  }

  counters(): PassThroughCounters {
    return {
      ...this.#traffic,
      streamsOpen: this.#streams.size,
      streamsTotal: this.#total,
      streamsFailed: this.#failed,
      upstreamSessionsOpen: this.#sessions.count,
      upstreamReachable: this.#sessions.reachable,
    };
  }

  /** Connects to istiod where no connection stands. Rejects with UpstreamUnavailable. */
  reach(): Promise<void> {
    return this.#sessions.reach();
  }

  /** Takes a stream and sees to its end. Never throws. */
  accept(arrived: ArrivedStream): void {
    const { stream: client } = arrived;
    const connection = sessionOf(client);
    if (connection === undefined) return;
    this.#total += 1;
    const held = (this.#perConnection.get(connection) ?? 0) + 1;
    const refusal = this.#refusal(held);
    this.#perConnection.set(connection, held);
    const passed: PassedStream = new PassedStream({
      client,
      traffic: this.#traffic,
      onClose: (failed) => {
        this.#streams.delete(passed);
        if (failed) this.#failed += 1;
        this.#perConnection.set(connection, (this.#perConnection.get(connection) ?? 1) - 1);
      },
    });
    this.#streams.add(passed);
    if (refusal === undefined) {
      this.#sweep ??= this.#awaitSweep();
      void this.#join(passed, arrived);
    } else {
      passed.end(refusal, { failed: refusal !== stopping });
    }
  }

  /**
   * Ends the streams one after the other over `drainMs`, so that their clients do not come back all
   * at once, or over the `drainMs` that is given where that is shorter; then the connections to istiod. Idempotent.
   */
  stop(drainMs: number): Promise<void> {
    this.#stopped ??= this.#drain(Math.min(drainMs, this.#limits.drainMs));
    return this.#stopped;
  }

  #refusal(held: number): OwnAnswer | undefined {
    const { streams, streamsPerConnection } = this.#limits;
    if (this.#stopped !== undefined) return stopping;
    if (this.#streams.size >= streams) return exhausted('too many streams');
    if (held > streamsPerConnection) return exhausted('too many streams on one connection');
    return undefined;
  }

  async #join(passed: PassedStream, { headers, rawHeaders }: ArrivedStream): Promise<void> {
    const { upstream, log } = this.#options;
    try {
      const request = requestToUpstream(headers, rawHeaders, upstream.serverName);
      const stream = await this.#sessions.open(request, () => !passed.isOver);
      if (stream !== undefined) passed.join(stream);
    } catch (error) {
      const isFull = error instanceof UpstreamUnavailable && error.kind === 'no room';
      log.debug('a stream could not be passed to istiod', { error });
      passed.end(isFull ? full : unreachable, { failed: true });
    }
  }

  #awaitSweep(): Timer {
    return this.#options.clock.timer(this.#limits.sweepMs, () => {
      this.#endLeaving();
      this.#sweep = this.#streams.size === 0 ? undefined : this.#awaitSweep();
    });
  }

  /**
   * A connection of a certain age is told to go, and grpc-js cuts it 75 s later with whatever is on
   * it. Streams that last as long as their connection are ended in order before that, at the second
   * look, as istiod ends them ten seconds after its own GOAWAY.
   */
  #endLeaving(): void {
    for (const passed of this.#streams) {
      if (!passed.isOnClosingConnection) continue;
      if (this.#leaving.has(passed)) passed.end(aged, { failed: false });
      else this.#leaving.add(passed);
    }
  }

  async #drain(drainMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#sweep?.cancel();
    const never = new AbortController().signal;
    for (let left = drainSteps; left > 0 && this.#streams.size > 0 && drainMs > 0; left -= 1) {
      await sleep(clock, drainMs / drainSteps, never);
      this.#endSome(Math.ceil(this.#streams.size / left));
    }
    this.#endSome(this.#streams.size);
    this.#sessions.stop();
  }

  #endSome(count: number): void {
    for (const passed of [...this.#streams].slice(0, count))
      passed.end(stopping, { failed: false });
  }
}
