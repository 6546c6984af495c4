import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { listen } from '../listen.ts';
import { noTraffic } from './traffic.ts';
import type { Traffic } from './traffic.ts';

export interface TcpPassThroughOptions {
  readonly upstream: { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly log: Logger;
  /** Connections at once; those beyond are closed as they come. 2,000 where absent. */
  readonly maxConnections?: number;
  readonly connectTimeoutMs?: number;
}

export interface TcpPassThroughCounters extends Readonly<Traffic> {
  readonly connectionsOpen: number;
  readonly connectionsTotal: number;
  /** Those that found nobody at the other end. */
  readonly connectionsFailed: number;
}

const defaultMaxConnections = 2_000;
const defaultConnectTimeoutMs = 5_000;
/** A peer that is gone without a word is noticed by the kernel. */
const keepAliveMs = 30_000;

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** Carries TCP connections to istiod as they are, TLS and all: for XDS in plain text and webhooks. */
export class TcpPassThrough {
  readonly #options: TcpPassThroughOptions;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #traffic = noTraffic();
  #total = 0;
  #failed = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: TcpPassThroughOptions) {
    this.#options = options;
    const manner = { allowHalfOpen: true, noDelay: true, keepAlive: true };
    this.#server = createServer({ ...manner, keepAliveInitialDelay: keepAliveMs }, (client) => {
      this.#accept(client);
    });
    this.#server.maxConnections = options.maxConnections ?? defaultMaxConnections;
  }

  counters(): TcpPassThroughCounters {
    return {
      ...this.#traffic,
      connectionsOpen: this.#pairs.size,
      connectionsTotal: this.#total,
      connectionsFailed: this.#failed,
    };
  }

  /**
   * Listens on `host:port` or `:port` (all interfaces) and resolves with the address as bound.
   * Rejects with one sentence when it cannot.
   */
  start(address: string): Promise<string> {
    return listen(this.#server, address, this.#options.log);
  }

  /** Accepts no more connections; those left after `drainMs` are cut. Idempotent. */
  stop(drainMs: number): Promise<void> {
    this.#stopped ??= this.#drain(drainMs);
    return this.#stopped;
  }

  #accept(client: Socket): void {
    const { upstream: target, clock, log, connectTimeoutMs } = this.#options;
    const timeoutMs = connectTimeoutMs ?? defaultConnectTimeoutMs;
    const upstream = connect({
      ...target,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    });
    const pair: Pair = { client, upstream };
    this.#pairs.add(pair);
    this.#total += 1;
    const late = clock.timer(timeoutMs, () => {
      upstream.destroy(new Error(`no connection within ${timeoutMs} ms`));
    });
    let isConnected = false;
    upstream.once('connect', () => {
      isConnected = true;
      late.cancel();
    });
    this.#carry(client, upstream, 'bytesToUpstream');
    this.#carry(upstream, client, 'bytesToClients');
    client.on('error', (error) => {
      log.debug('a passed connection broke on its client', { error });
    });
    upstream.on('error', (error) => {
      log.debug('a passed connection broke on istiod', { error });
    });
    client.once('close', (broken) => {
      late.cancel();
      // An orderly end has gone over already, by the pipe.
      if (broken || !isConnected) cut(upstream);
      this.#forget(pair);
    });
    upstream.once('close', (broken) => {
      late.cancel();
      if (!isConnected) this.#failed += 1;
      if (broken || !isConnected) cut(client);
      this.#forget(pair);
    });
  }

  /** One way, no faster than the receiver takes it, up to the sender's half-close. */
  #carry(from: Socket, to: Socket, way: keyof Traffic): void {
    from.on('data', (chunk: Buffer) => {
      this.#traffic[way] += chunk.length;
    });
    from.pipe(to);
  }

  #forget(pair: Pair): void {
    if (pair.client.destroyed && pair.upstream.destroyed) this.#pairs.delete(pair);
  }

  async #drain(drainMs: number): Promise<void> {
    const drained = new AbortController();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        drained.abort();
        resolve();
      });
    });
    await sleep(this.#options.clock, drainMs, drained.signal).catch(() => undefined);
    for (const { client, upstream } of this.#pairs) {
      cut(client);
      cut(upstream);
    }
    await closed;
  }
}

/** By a reset where there is a connection, so that nobody takes it for the orderly end. */
function cut(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
