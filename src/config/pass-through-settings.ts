import { listenSettings } from './listen-settings.ts';
import type { Setting, SettingReader } from './setting.ts';
import { hostName, port, text } from './setting-parsers.ts';

/** The istiod that everything but certificates is passed on to. */
export interface PassThroughConfig {
  readonly upstreamHost: string;
  /** PEM; undefined: the roots that we distribute. */
  readonly upstreamRootsFile: string | undefined;
  /** The name in its certificate; undefined: its host. */
  readonly upstreamServerName: string | undefined;
  /** Where that host takes webhooks: the port of istiod's Service, which is another than that of its pods. */
  readonly upstreamWebhookPort: number;
  /** Where plain xDS is taken. */
  readonly grpcAddress: string;
  /** Where webhooks are taken. */
  readonly webhookAddress: string;
}

/** Standing in front of an istiod, under its name. */
export const passThroughSettings = {
  istiodUpstream: {
    env: 'ISTIOD_UPSTREAM',
    help: 'host of the istiod that all but certificates is passed on to; absent: nothing is',
    placeholder: '<host>',
    parse: hostName,
  },
  istiodUpstreamRoots: {
    env: 'ISTIOD_UPSTREAM_ROOTS',
    help: "file with the roots of that istiod's certificate, PEM; absent: those we distribute",
    placeholder: '<file>',
    parse: text,
  },
  istiodUpstreamServerName: {
    env: 'ISTIOD_UPSTREAM_SERVER_NAME',
    help: "the name in that istiod's certificate; absent: its host",
    placeholder: '<name>',
    parse: hostName,
  },
  istiodUpstreamWebhookPort: {
    env: 'ISTIOD_UPSTREAM_WEBHOOK_PORT',
    help: "where that host takes webhooks: 443 on istiod's Service, 15017 on its pods",
    placeholder: '<port>',
    fallback: '443',
    parse: port,
  },
} satisfies Record<string, Setting<unknown>>;

/** Undefined where there is no istiod behind us. */
export function readPassThrough(reader: SettingReader): PassThroughConfig | undefined {
  const upstreamHost = reader.read(passThroughSettings.istiodUpstream);
  const upstreamRootsFile = reader.read(passThroughSettings.istiodUpstreamRoots);
  const upstreamServerName = reader.read(passThroughSettings.istiodUpstreamServerName);
  const upstreamWebhookPort = reader.need(passThroughSettings.istiodUpstreamWebhookPort);
  const grpcAddress = reader.need(listenSettings.grpcAddress);
  const webhookAddress = reader.need(listenSettings.httpsAddress);
  if (upstreamHost === undefined) return undefined;
  const upstream = { upstreamHost, upstreamRootsFile, upstreamServerName, upstreamWebhookPort };
  return { ...upstream, grpcAddress, webhookAddress };
}
