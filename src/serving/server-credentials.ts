import type { Logger } from '../base/logger.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { clientRootsPem } from '../distribution/client-roots.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { Certificate } from '../pki/certificate.ts';
import { plaintextCredentials, RotatingServerCredentials } from '../server/credentials.ts';
import { openServingCertificateSource } from './open-serving-certificate-source.ts';
import type { ServingSettings } from './open-serving-certificate-source.ts';
import { openRootsFile } from './roots-file.ts';
import type { ServingCertificateSource } from './serving-certificate-source.ts';
import { controlPlaneNames } from './serving-dns-names.ts';

export type ServerCredentialsConfig = Pick<
  RaConfig,
  'serving' | 'tlsPolicy' | 'customHosts' | 'podNamespace' | 'revision' | 'approval'
>;

export interface ServerCredentialsOptions {
  readonly requests: SigningRequests;
  readonly mesh: MeshSource;
  readonly context: StartContext;
}

/** What we prove ourselves with, and what clients need to check it. */
export interface OpenedServerCredentials {
  readonly source: ServingCertificateSource;
  readonly credentials: RotatingServerCredentials | ReturnType<typeof plaintextCredentials>;
  /** The roots that verify us and whatever --caCertFile adds, PEM; undefined where there are none. */
  clientRootsPem(): string | undefined;
}

/** Opens the serving certificate that the settings name, and keeps the credentials up to date. */
export async function openServerCredentials(
  config: ServerCredentialsConfig,
  { requests, mesh, context }: ServerCredentialsOptions,
): Promise<OpenedServerCredentials> {
  const { serving, approval, tlsPolicy } = config;
  const { clock, random, started } = context;
  const log = context.log.scope('serving');
  const settings = settingsOf(config, mesh);
  const source = await openServingCertificateSource(settings, {
    requests,
    mesh,
    approval,
    clock,
    random,
    log,
  });
  started.defer(() => source.stop());
  const rootsFile = serving.kind === 'none' ? undefined : serving.rootsFile;
  const further = await openRootsFile(rootsFile, { setting: '--caCertFile', clock, log });
  started.defer(() => further.stop());
  const ofSigner = (): readonly Certificate[] =>
    serving.kind === 'signer' ? mesh.current().trust.rootsFor(serving.signerName) : [];
  return {
    source,
    credentials: credentialsOf(source, settings, { tlsPolicy, log }),
    clientRootsPem: () =>
      clientRootsPem({ servingSignerRoots: ofSigner(), furtherRoots: further.current() }),
  };
}

/** The names of the control plane's Services, and those that we were told. */
function settingsOf(config: ServerCredentialsConfig, mesh: MeshSource): ServingSettings {
  const { serving } = config;
  if (serving.kind !== 'signer') return serving;
  return { ...serving, dnsNames: controlPlaneNames(config, mesh.current().config) };
}

function credentialsOf(
  source: ServingCertificateSource,
  { kind }: ServingSettings,
  { tlsPolicy, log }: Pick<ServerCredentialsConfig, 'tlsPolicy'> & { readonly log: Logger },
): OpenedServerCredentials['credentials'] {
  if (kind === 'none') {
    log.warn(
      'PILOT_CERT_PROVIDER=none: tokens come in plain text, somebody before us must end TLS',
    );
    return plaintextCredentials();
  }
  if (tlsPolicy.compliance === 'fips-140-2') {
    log.warn('COMPLIANCE_POLICY=fips-140-2 shuts out ztunnel, which speaks TLS 1.3 alone');
  }
  const credentials = new RotatingServerCredentials(source.current(), tlsPolicy);
  source.onChange((served) => {
    credentials.rotate(served);
  });
  return credentials;
}
