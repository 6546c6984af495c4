import { createServer } from 'node:net';
import type { Server as NetServer, Socket } from 'node:net';
import type { Http2SecureServer } from 'node:http2';
import { Server } from '@grpc/grpc-js';
import type { ChannelOptions, handleUnaryCall, ServerCredentials } from '@grpc/grpc-js';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { CertificateService } from './certificate-service.ts';
import { silenceGrpcLog } from './grpc-log.ts';
import { clampGrpcTimeout } from './grpc-timeout.ts';
import { HealthService } from './health-service.ts';
import { listen } from './listen-address.ts';
import { addReflection } from './reflection.ts';
import { loadCertificateProto } from './proto.ts';
import type { CertificateRequestMessage, CertificateResponseMessage } from './proto.ts';

export interface GrpcServerOptions {
  readonly service: CertificateService;
  readonly credentials: ServerCredentials;
  /** Where ca.proto lies. */
  readonly protoDirectory: string;
  /** Lets clients such as grpcurl ask what services there are. */
  readonly reflection: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Connections beyond this many are closed as they come; 20,000 where absent. */
  readonly maxConnections?: number;
}

const defaultMaxConnections = 20_000;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': 65_536,
  'grpc.max_send_message_length': 262_144,
  // Istio's own values: an agent that is gone is noticed within 40 s.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // An agent calls about twice a day and an idle connection costs some 95 KiB here, while a new one
  // costs 2 ms of CPU: better to say goodbye early. Clients reconnect with their next call.
  'grpc.max_connection_idle_ms': 120_000,
  // Spreads clients over new replicas. The grace outlasts a request's whole budget.
  'grpc.max_connection_age_ms': 1_800_000,
  'grpc.max_connection_age_grace_ms': 75_000,
  // It keeps a record of every connection, in memory, for nobody.
  'grpc.enable_channelz': 0,
};

/** Between "your call ends now" and closing the connection, so that the answers get out. */
const answerMs = 500;

/**
 * The gRPC server: certificates, health, and reflection when asked. It accepts connections itself
 * and hands them to grpc-js, so that it can bound, count and end them.
 */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #health = new HealthService();
  readonly #listener: NetServer;
  readonly #server = new Server(channelOptions);
  readonly #sockets = new Set<Socket>();
  #stopped: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    silenceGrpcLog();
    this.#options = options;
    this.#addServices();
    const injector = this.#server.createConnectionInjector(options.credentials);
    clampTimeouts(this.#server);
    this.#listener = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // Resets and the like; "close" follows.
      socket.on('error', () => undefined);
      injector.injectConnection(socket);
    });
    this.#listener.maxConnections = options.maxConnections ?? defaultMaxConnections;
  }

  /** How many connections are open, those still in their handshake included. */
  get connections(): number {
    return this.#sockets.size;
  }

  /**
   * Listens on `host:port` or `:port` (all interfaces) and resolves with the address as bound.
   * Rejects with one sentence when it cannot. Health says NOT_SERVING until `setServing`.
   */
  start(address: string): Promise<string> {
    return listen(this.#listener, address, this.#options.log);
  }

  /** What grpc.health.v1 answers from now on. */
  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  /**
   * Accepts no more connections, tells clients to go elsewhere (GOAWAY) and resolves when all calls
   * are answered. After `graceMs` those left are answered with UNAVAILABLE and what still holds on is
   * cut. Idempotent; the first grace counts.
   */
  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#drain(graceMs);
    return this.#stopped;
  }

  #addServices(): void {
    const { service, protoDirectory, reflection } = this.#options;
    const proto = loadCertificateProto(protoDirectory, reflection ? [healthProtoPath] : []);
    const createCertificate: handleUnaryCall<
      CertificateRequestMessage,
      CertificateResponseMessage
    > = (call, respond) => {
      void service.createCertificate(call, respond);
    };
    this.#server.addService(proto.service, { CreateCertificate: createCertificate });
    this.#health.addTo(this.#server);
    if (reflection) addReflection(this.#server, proto.definition);
  }

  async #drain(graceMs: number): Promise<void> {
    const { clock, service } = this.#options;
    this.#health.stop();
    const drained = new AbortController();
    const closed = this.#close().finally(() => {
      drained.abort();
    });
    const force = async (): Promise<void> => {
      await sleep(clock, graceMs, drained.signal);
      service.interrupt();
      await sleep(clock, answerMs, drained.signal);
      for (const socket of this.#sockets) socket.destroy();
      this.#server.forceShutdown();
    };
    // The sleeps end early, by rejecting, when everything is closed before them.
    await Promise.all([closed, force().catch(() => undefined)]);
    this.#sockets.clear();
  }

  async #close(): Promise<void> {
    const listener = new Promise<void>((resolve) => {
      this.#listener.close(() => {
        resolve();
      });
    });
    const server = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
    await Promise.all([listener, server]);
  }
}

/**
 * Puts the clamp before grpc-js' own listener. There is no public way to see the headers before
 * grpc-js reads the deadline from them, so this reaches into it, and says so when that fails.
 */
function clampTimeouts(server: Server): void {
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) {
    throw new Error('this version of @grpc/grpc-js keeps its HTTP/2 servers elsewhere');
  }
  for (const http2Server of (http2Servers as ReadonlyMap<Http2SecureServer, unknown>).keys()) {
    http2Server.prependListener('stream', (_stream, headers) => {
      clampGrpcTimeout(headers);
    });
  }
}
