import { assertNever } from '../base/assert-never.ts';
import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { clientRootsPem } from '../distribution/client-roots.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import type { Certificate } from '../pki/certificate.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { plaintextCredentials, RotatingServerCredentials } from '../server/credentials.ts';
import { openRootsFile } from './roots-file.ts';
import { ServingCertificateFromFiles } from './serving-certificate-from-files.ts';
import { ServingCertificateFromSigner } from './serving-certificate-from-signer.ts';
import { ServingCertificateIssuer } from './serving-certificate-issuer.ts';
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
    serving.kind === 'signer' ? mesh.current().trust.rootsSentFor(serving.signerName) : [];
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

/** How our own certificate is had. */
export type ServingSettings =
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
  | {
      readonly kind: 'signer';
      /** The full name. */
      readonly signerName: string;
      readonly dnsNames: readonly string[];
      readonly ttlSeconds: number;
    }
  /** Somebody else ends TLS. */
  | { readonly kind: 'none' };

export interface ServingCertificateDependencies {
  readonly requests: SigningRequests;
  readonly mesh: MeshSource;
  readonly approval: 'self' | 'external';
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * The source that the settings name, at work. Files must be there and fit, or it throws naming the
 * flag; a signer need not answer yet, its certificate is there once the source is ready.
 */
export async function openServingCertificateSource(
  settings: ServingSettings,
  dependencies: ServingCertificateDependencies,
): Promise<ServingCertificateSource> {
  const { clock, random, log } = dependencies;
  switch (settings.kind) {
    case 'files':
      return ServingCertificateFromFiles.open({ ...settings, clock, log });
    case 'signer': {
      const issuer = new ServingCertificateIssuer({
        requests: dependencies.requests,
        mesh: dependencies.mesh,
        verifier: new ChainVerifier(),
        signerName: settings.signerName,
        ttlSeconds: settings.ttlSeconds,
        approval: dependencies.approval,
        clock,
        log,
      });
      const { dnsNames } = settings;
      const source = new ServingCertificateFromSigner({ issuer, dnsNames, clock, random, log });
      source.start();
      return source;
    }
    case 'none':
      return noCertificate;
    default:
      return assertNever(settings);
  }
}

const noCertificate: ServingCertificateSource = {
  name: 'serving-certificate',
  notAfter: undefined,
  current: () => undefined,
  onChange: () => undefined,
  notReadyBecause: () => undefined,
  stop: () => Promise.resolve(),
};
