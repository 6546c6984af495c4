import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { TlsMaterial } from './credentials.ts';

export interface ConnectionSettings {
  /** How many calls may be on their way at once at first; each has a connection over HTTP/1.1. */
  readonly connections: number;
  /** One HTTP/2 session in place of the HTTP/1.1 connections. */
  readonly http2: boolean;
}

/** Connections that were opened with one set of certificates: calls on some, watches on others. */
export interface Connections {
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
  /** Takes no new calls, lets those under way end, then closes. */
  retire(): void;
  /** Cuts everything at once. */
  destroy(): Promise<void>;
}

const connectTimeoutMs = 3000;
const tcpKeepAliveMs = 15_000;
/** Below the 90 s after which the API server drops an idle connection. */
const idleMs = 60_000;
/**
 * More than any one object has, or one tenant's pod would keep the list of all pods from being read:
 * etcd stores 1.5 MiB, built-in kinds as protobuf, and in JSON `<` and the like take six bytes.
 */
const maxAnswerBytes = 16 * 1024 * 1024;
/** Only a last resort: each call has a signal that ends it sooner. */
const stuckMs = 60_000;
/** Watches are long: each holds a connection of its own. */
const maxWatches = 64;

/** Opens nothing yet: connections come with the first call. */
export function openConnections(
  origin: string,
  tls: TlsMaterial,
  settings: ConnectionSettings,
): Connections {
  const connect = {
    ...tls,
    minVersion: 'TLSv1.2' as const,
    timeout: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
  };
  const calls = new Pool(origin, {
    connect: { ...connect, ...(settings.http2 ? { preferH2: true } : {}) },
    connections: settings.http2 ? 1 : settings.connections,
    allowH2: settings.http2,
    keepAliveTimeout: idleMs,
    maxResponseSize: maxAnswerBytes,
    headersTimeout: stuckMs,
    bodyTimeout: stuckMs,
  });
  const watches = new Pool(origin, {
    connect,
    connections: maxWatches,
    allowH2: false,
    keepAliveTimeout: idleMs,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    calls,
    watches,
    retire: () => {
      void calls.close();
      void watches.close();
    },
    destroy: async () => {
      await Promise.all([calls.destroy(), watches.destroy()]);
    },
  };
}
