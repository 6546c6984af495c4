import { listenSettings } from './listen-settings.ts';
import type { Setting, SettingReader } from './setting.ts';
import { hostName, text } from './setting-parsers.ts';

/** The istiod that everything but certificates is passed on to. */
export interface FrontConfig {
  readonly upstreamHost: string;
  /** PEM; undefined: the roots that we distribute. */
  readonly upstreamRootsFile: string | undefined;
  /** The name in its certificate; undefined: its host. */
  readonly upstreamServerName: string | undefined;
  /** Where plain xDS is taken. */
  readonly grpcAddress: string;
  /** Where webhooks are taken. */
  readonly webhookAddress: string;
}

/** Standing in front of an istiod, under its name. */
export const frontSettings = {
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
} satisfies Record<string, Setting<unknown>>;

/** Undefined where there is no istiod behind us. */
export function readFront(reader: SettingReader): FrontConfig | undefined {
  const upstreamHost = reader.read(frontSettings.istiodUpstream);
  const upstreamRootsFile = reader.read(frontSettings.istiodUpstreamRoots);
  const upstreamServerName = reader.read(frontSettings.istiodUpstreamServerName);
  const grpcAddress = reader.need(listenSettings.grpcAddress);
  const webhookAddress = reader.need(listenSettings.httpsAddress);
  if (upstreamHost === undefined) return undefined;
  return { upstreamHost, upstreamRootsFile, upstreamServerName, grpcAddress, webhookAddress };
}
