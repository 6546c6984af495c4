import { createServer } from 'node:net';
import type { Server as NetServer, Socket } from 'node:net';
import { Server } from '@grpc/grpc-js';
import type { ChannelOptions, handleUnaryCall, ServerCredentials } from '@grpc/grpc-js';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { CertificateService } from './certificate-service.ts';
import { maxConnectionCount, connectionLimitFor } from './max-connections.ts';
import { ConnectionLimiter } from './connection-limiter.ts';
import type { ConnectionCounts, ConnectionLimits } from './connection-limiter.ts';
import { silenceGrpcLog } from './grpc-log.ts';
import { clampGrpcTimeout } from './grpc-timeout.ts';
import { HealthService } from './health-service.ts';
import { listen } from './listen.ts';
import { divertStreams, http2ServersOf } from './pass-through/divert-streams.ts';
import { OwnMethods } from './pass-through/own-methods.ts';
import type { PassThrough } from './pass-through/pass-through.ts';
import { addReflection } from './reflection.ts';
import { withoutUnreadMetadata } from './request-metadata.ts';
import { UnreadCalls } from './unread-calls.ts';
import { loadCertificateProto } from './proto.ts';
import type {
  CertificateProto,
  CertificateRequestMessage,
  CertificateResponseMessage,
  CreateCertificateMethod,
} from './proto.ts';

export interface GrpcServerOptions {
  readonly service: CertificateService;
  readonly credentials: ServerCredentials;
  /** Where ca.proto lies. */
  readonly protoDirectory: string;
  /** Lets clients such as grpcurl ask what services there are. */
  readonly reflection: boolean;
  /** Takes every call to a service that is not ours; the server stops it. Absent: they end with UNIMPLEMENTED. */
  readonly passThrough?: PassThrough | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Connections beyond this many are closed as they come; 20,000 where absent. */
  readonly maxConnections?: number;
  /** How much memory this process may have, which decides how many connections are let in; absent: any. */
  readonly memoryLimitBytes?: number | undefined;
  /** How new connections are paced; the limiter's own figures where absent. */
  readonly connectionLimits?: Partial<ConnectionLimits> | undefined;
  /** How long a call's message may take to arrive; 10 s where absent. */
  readonly readWithinMs?: number | undefined;
  /**
   * For how long a drain takes calls as before, so that those who send clients here learn that they
   * should not; none where absent.
   */
  readonly drainDelayMs?: number | undefined;
}

const defaultReadWithinMs = 10_000;
/** Of calls whose message is not whole yet, each with its buffers. */
const maxUnread = 8_192;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': 65_536,
  'grpc.max_send_message_length': 262_144,
  // Istio's own values: an agent that is gone is noticed within 40 s.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // An agent calls about twice a day and an idle connection costs some 83 KiB here, while a new one
  // costs 2 ms of CPU: better to close it early. Clients reconnect with their next call.
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
  readonly #limiter: ConnectionLimiter<Socket>;
  readonly #unread: UnreadCalls;
  readonly #server: Server;
  readonly #ownMethods = new OwnMethods();
  #stopped: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    silenceGrpcLog();
    this.#options = options;
    const proto = this.#loadProto();
    this.#unread = watchUnread(options, proto);
    this.#server = new Server({ ...channelOptions, interceptors: [this.#unread.intercept] });
    this.#addServices(proto);
    const injector = this.#server.createConnectionInjector(options.credentials);
    clampTimeouts(this.#server);
    this.#divert();
    this.#limiter = new ConnectionLimiter<Socket>({
      open: (socket) => {
        injector.injectConnection(socket);
        // TLS reads by itself; without TLS nobody else would begin to.
        socket.resume();
      },
      clock: options.clock,
      limits: {
        maxOpened: connectionLimitFor(options.memoryLimitBytes),
        ...options.connectionLimits,
      },
    });
    this.#listener = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#limiter.arrive(socket);
    });
    this.#listener.maxConnections = options.maxConnections ?? maxConnectionCount;
  }

  /** How many connections are open, those still in their handshake included. */
  get connections(): number {
    return this.#limiter.counts.open;
  }

  /** The connections in more detail. */
  get connectionCounts(): ConnectionCounts {
    return this.#limiter.counts;
  }

  /** How many calls there are whose message is not whole yet. */
  get unreadCalls(): number {
    return this.#unread.count;
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
   * The drain: goes on for `drainDelayMs`, then accepts no more connections, answers who waits with
   * UNAVAILABLE, tells clients to go elsewhere (GOAWAY) and resolves when all calls are answered. After
   * another `drainMs` those left are answered with UNAVAILABLE and what still holds on is cut.
   * Idempotent; the first `drainMs` counts.
   */
  stop(drainMs: number): Promise<void> {
    this.#stopped ??= this.#drain(drainMs);
    return this.#stopped;
  }

  #loadProto(): CertificateProto {
    const { protoDirectory, reflection } = this.#options;
    return loadCertificateProto(protoDirectory, reflection ? [healthProtoPath] : []);
  }

  #addServices(proto: CertificateProto): void {
    const { service, reflection } = this.#options;
    const createCertificate: handleUnaryCall<
      CertificateRequestMessage,
      CertificateResponseMessage
    > = (call, respond) => {
      void service.createCertificate(call, respond);
    };
    const server = this.#ownMethods.noting(this.#server);
    const definition = { ...proto.service, CreateCertificate: frugal(proto) };
    server.addService(definition, { CreateCertificate: createCertificate });
    this.#health.addTo(server);
    if (reflection) addReflection(server, proto.definition);
  }

  #divert(): void {
    const { passThrough } = this.#options;
    if (passThrough === undefined) return;
    divertStreams(this.#server, (arrived) => {
      const isForeign = this.#ownMethods.isForeign(arrived.headers);
      if (isForeign) passThrough.accept(arrived);
      return isForeign;
    });
  }

  async #drain(drainMs: number): Promise<void> {
    const { clock, service, passThrough, drainDelayMs = 0 } = this.#options;
    this.#health.stop();
    if (drainDelayMs > 0) await sleep(clock, drainDelayMs, new AbortController().signal);
    this.#limiter.stop();
    service.drain();
    const drained = new AbortController();
    const closed = this.#close().finally(() => {
      drained.abort();
    });
    const passed = passThrough?.stop(drainMs);
    const force = async (): Promise<void> => {
      await sleep(clock, drainMs, drained.signal);
      service.interrupt();
      await sleep(clock, answerMs, drained.signal);
      this.#limiter.cut();
      this.#server.forceShutdown();
    };
    // The sleeps end early, by rejecting, when everything is closed before them.
    await Promise.all([closed, passed, force().catch(() => undefined)]);
    this.#limiter.cut();
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

function watchUnread(options: GrpcServerOptions, { service }: CertificateProto): UnreadCalls {
  const { service: certificates, clock, readWithinMs = defaultReadWithinMs } = options;
  return new UnreadCalls({
    path: service.CreateCertificate.path,
    refuse: (peer, error) => certificates.refuseUnread(peer, error),
    clock,
    readWithinMs,
    maxUnread,
  });
}

/** The method, with messages that keep no more than is going to be read. */
function frugal({ service }: CertificateProto): CreateCertificateMethod {
  const method = service.CreateCertificate;
  return {
    ...method,
    requestDeserialize: (bytes) => {
      const message = method.requestDeserialize(bytes);
      return { ...message, metadata: withoutUnreadMetadata(message.metadata) };
    },
  };
}

/**
 * Puts the clamp before grpc-js' own listener. There is no public way to see the headers before
 * grpc-js reads the deadline from them, so this reaches into it, and says so when that fails.
 */
function clampTimeouts(server: Server): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.prependListener('stream', (_stream, headers) => {
      clampGrpcTimeout(headers);
    });
  }
}
