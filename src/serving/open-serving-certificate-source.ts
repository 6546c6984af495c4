import { assertNever } from '../base/assert-never.ts';
import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { SigningRequests } from '../kube/signing-requests.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { ServingCertificateFromFiles } from './serving-certificate-from-files.ts';
import { ServingCertificateIssuer } from './serving-certificate-issuer.ts';
import type { ServingCertificateSource } from './serving-certificate-source.ts';
import { ServingCertificateFromSigner } from './serving-certificate-from-signer.ts';

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
