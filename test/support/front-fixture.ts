import type { ClientHttp2Session } from 'node:http2';
import { systemClock } from '../../src/base/clock.ts';
import type { Clock } from '../../src/base/clock.ts';
import { PassThrough } from '../../src/server/pass-through/pass-through.ts';
import type { PassThroughLimits } from '../../src/server/pass-through/pass-through.ts';
import { connectRaw } from '../unit/server/support/raw-http2.ts';
import { startServer } from '../unit/server/support/server-fixture.ts';
import type { ServerFixture } from '../unit/server/support/server-fixture.ts';
import { createAuthority, serverName } from '../unit/server/support/tls-fixture.ts';
import { RecordingLogger } from './recording-logger.ts';
import { UpstreamStandIn } from './upstream-stand-in.ts';
import type { UpstreamStandInOptions } from './upstream-stand-in.ts';

export interface FrontOptions {
  readonly upstream?: Omit<UpstreamStandInOptions, 'identity'>;
  readonly limits?: Partial<PassThroughLimits>;
  readonly clock?: Clock;
  /** The names of istiod's certificate. */
  readonly dnsNames?: readonly string[];
  /** Trust this instead of what istiod's certificate leads to. */
  readonly rootsPem?: string;
  readonly reflection?: boolean;
  /** Opens a port that leads to istiod's, for us to use instead. */
  readonly between?: (port: number) => Promise<number>;
}

/** istio-ra before a stand-in for istiod, and a client's connection to it. */
export interface Front {
  readonly fixture: ServerFixture;
  readonly passThrough: PassThrough;
  readonly logger: RecordingLogger;
  readonly istiod: UpstreamStandIn;
  readonly istiodPort: number;
  readonly session: ClientHttp2Session;
  /** Another connection of a client. */
  connect(): ClientHttp2Session;
  /** istiod again, where it was before. */
  restart(): Promise<UpstreamStandIn>;
  stop(): Promise<void>;
}

const running = new Set<Front>();

/** Stops what was started, also after a failed test. */
export async function stopFronts(): Promise<void> {
  await Promise.all([...running].map((front) => front.stop()));
}

export async function startFront(options: FrontOptions = {}): Promise<Front> {
  const authority = await createAuthority('istiod root');
  const { dnsNames = [serverName], rootsPem = authority.rootPem } = options;
  const identity = await authority.issue({ dnsNames });
  const istiod = await UpstreamStandIn.start({ ...options.upstream, identity });
  const { port } = istiod;
  const logger = new RecordingLogger();
  const passThrough = new PassThrough({
    upstream: {
      host: '127.0.0.1',
      port: (await options.between?.(port)) ?? port,
      serverName,
      rootsPem: () => rootsPem,
    },
    limits: options.limits ?? {},
    clock: options.clock ?? systemClock,
    random: () => 0.5,
    log: logger,
  });
  const fixture = await startServer({ passThrough, reflection: options.reflection ?? false });
  const [sessions, istiods] = [[] as ClientHttp2Session[], [istiod]];
  const connect = (): ClientHttp2Session => {
    const session = connectRaw(fixture.port, fixture.authority.rootPem);
    sessions.push(session);
    return session;
  };
  const front: Front = {
    ...{ fixture, passThrough, logger, istiod, connect },
    istiodPort: port,
    session: connect(),
    restart: async () => {
      const again = await UpstreamStandIn.start({ ...options.upstream, identity, port });
      istiods.push(again);
      return again;
    },
    stop: async () => {
      running.delete(front);
      await fixture.stop();
      // Not before: Node 22.19 cannot always destroy a client's connection that has streams.
      for (const session of sessions) session.destroy();
      await Promise.all(istiods.map((each) => each.kill().catch(() => undefined)));
    },
  };
  running.add(front);
  return front;
}
