import type { ReadinessCheck } from '../base/lifecycle.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { PassThroughConfig } from '../config/pass-through-settings.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { MetricsSources } from '../metrics/metrics-sources.ts';
import { PassThrough } from '../server/pass-through/pass-through.ts';
import { TcpPassThrough } from '../server/pass-through/tcp-pass-through.ts';
import { openRootsFile } from '../serving/roots-file.ts';
import type { OpenedServerCredentials } from '../serving/server-credentials.ts';
import { UpstreamReached } from '../server/pass-through/upstream-reached.ts';

const securePort = 15012;
const plainPort = 15010;
/** By which metrics call it, whatever the port on the way there. */
const webhookPort = 15017;

/** What is passed on to the istiod behind us. */
export interface OpenedPassThrough {
  /** For the gRPC server, which stops it. */
  readonly passThrough: PassThrough;
  readonly reached: ReadinessCheck;
  readonly sources: MetricsSources;
}

/** Opens the ways to an istiod behind us, and listens for what goes there whole; undefined where there is none. */
export async function openPassThrough(
  { front, drain }: Pick<RaConfig, 'front' | 'drain'>,
  serverCredentials: OpenedServerCredentials,
  context: StartContext,
): Promise<OpenedPassThrough | undefined> {
  if (front === undefined) return undefined;
  const { clock, random, started } = context;
  const log = context.log.scope('server');
  const { upstreamHost: host, upstreamServerName: serverName = host } = front;
  const rootsPem = await rootsOf(front, serverCredentials, context);
  const upstream = { host, port: securePort, serverName, rootsPem };
  const passThrough = new PassThrough({ upstream, clock, random, log });
  const tcp = new Map<string, TcpPassThrough>();
  for (const { address, port, upstreamPort } of [
    { address: front.grpcAddress, port: plainPort, upstreamPort: plainPort },
    { address: front.webhookAddress, port: webhookPort, upstreamPort: front.upstreamWebhookPort },
  ]) {
    const way = new TcpPassThrough({ upstream: { host, port: upstreamPort }, clock, log });
    await way.start(address);
    started.defer(() => way.stop(drain.connectionsMs));
    tcp.set(String(port), way);
  }
  log.info('passing on to istiod', { host });
  const reach = (): Promise<void> => passThrough.reach();
  const reached = new UpstreamReached({ host, reach, clock, log });
  reached.start();
  started.defer(() => reached.stop());
  return { passThrough, reached, sources: { passThrough: () => counts(passThrough, tcp) } };
}

async function rootsOf(
  { upstreamRootsFile }: PassThroughConfig,
  serverCredentials: OpenedServerCredentials,
  { clock, started, ...context }: StartContext,
): Promise<() => string> {
  if (upstreamRootsFile === undefined) return () => serverCredentials.clientRootsPem() ?? '';
  const log = context.log.scope('server');
  const roots = await openRootsFile(upstreamRootsFile, {
    setting: 'ISTIOD_UPSTREAM_ROOTS',
    clock,
    log,
  });
  started.defer(() => roots.stop());
  return () =>
    roots
      .current()
      .map(({ pem }) => pem)
      .join('');
}

function counts(streams: PassThrough, tcp: ReadonlyMap<string, TcpPassThrough>) {
  const { streamsOpen, streamsTotal, streamsFailed } = streams.counters();
  const secure = { open: streamsOpen, total: streamsTotal, failed: streamsFailed };
  return [
    { port: String(securePort), ...secure },
    ...[...tcp].map(([port, way]) => {
      const { connectionsOpen, connectionsTotal, connectionsFailed } = way.counters();
      return { port, open: connectionsOpen, total: connectionsTotal, failed: connectionsFailed };
    }),
  ];
}
