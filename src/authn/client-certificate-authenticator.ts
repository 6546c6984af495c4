import type { Caller } from './caller.ts';
import type { Clock } from '../base/clock.ts';
import { abortable, withDeadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { CertificateError, ChainError } from '../pki/errors.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import { equalBytes } from '../pki/der-values.ts';
import { checkIssuerKey } from '../pki/issuer-policy.ts';
import { parseSpiffeId, SpiffeIdError } from '../pki/spiffe-id.ts';
import type { SpiffeId } from '../pki/spiffe-id.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import type { ClientAllowList } from './client-allow-list.ts';
import { resolveClusterId } from './cluster-id.ts';

/** Whose certificates prove which identity. */
export interface AssignedRoots {
  /**
   * What may prove `identity`. Throws AUTHENTICATION_UNAVAILABLE when nobody could say, and the
   * signal's own reason when it aborts first.
   */
  rootsFor(identity: SpiffeId, signal: AbortSignal): Promise<IdentityRoots>;
}

/** Where a path that proves an identity must end, and where it must not pass. */
export interface IdentityRoots {
  /** The roots of the signers that are assigned to the identity; empty when there are none. */
  readonly roots: readonly Certificate[];
  /**
   * The roots of all other signers. Whoever holds such a signer could mint the identity if a path over
   * its key counted, be it that two signers share a root or that one certified the other's.
   */
  readonly foreign: readonly Certificate[];
}

export interface ClientCertificateAuthenticatorOptions {
  readonly allowList: ClientAllowList;
  readonly assignedRoots: AssignedRoots;
  readonly mesh: MeshSource;
  /** The local cluster; there is no telling which other one a certificate belongs to. */
  readonly cluster: { readonly id: string; readonly aliases: readonly string[] };
  readonly verifier: ChainVerifier;
  readonly clock: Clock;
}

const rootsTimeoutMs = 3_000;
/** As many as ChainVerifier looks at. */
const maxIntermediates = 16;

/**
 * Authenticates workloads outside of Kubernetes by the certificate that they got last time. TLS has
 * verified that they hold its key; here it must lead to a root of the identity's own signer, or foo's
 * authority could mint bar's identity and collect bar's certificate.
 *
 * Divergence: in istiod any certificate under its own roots proves any identity that it names.
 */
export class ClientCertificateAuthenticator implements Authenticator {
  readonly #options: ClientCertificateAuthenticatorOptions;

  constructor(options: ClientCertificateAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller> {
    const { allowList, cluster, mesh } = this.#options;
    const { clientCertificate, peerIntermediates = [], clusterIds } = credentials;
    if (allowList.isEmpty) throw refused('off', 'client certificates are not accepted');
    if (clientCertificate === undefined) throw refused('missing', 'there is no certificate');
    const clusterId = resolveClusterId(clusterIds, cluster);
    const leaf = readLeaf(clientCertificate);
    const identity = identityOf(leaf);
    if (identity.trustDomain !== mesh.current().config.trustDomain) {
      throw refused('trust_domain', 'the certificate is of another trust domain');
    }
    if (!allowList.includes(identity)) {
      throw refused('not_allowed', 'the identity may not prove itself by certificate');
    }
    const roots = await this.#rootsFor(identity, signal);
    this.#checkPath(leaf, readIntermediates(peerIntermediates), roots);
    return {
      identity,
      method: 'client-certificate',
      cluster: clusterId,
      // So nobody acts for others by certificate (istio.md 1.4).
      pod: undefined,
      allowedSigners: 'all',
    };
  }

  async #rootsFor(identity: SpiffeId, signal: AbortSignal): Promise<IdentityRoots> {
    const { assignedRoots, clock } = this.#options;
    const reason = (): RaError =>
      unavailable('it took too long to find the signer of the identity');
    const options = { clock, ms: rootsTimeoutMs, parent: signal, reason };
    return withDeadline(options, async (limited) => {
      try {
        return await abortable(assignedRoots.rootsFor(identity, limited), limited);
      } catch (error) {
        limited.throwIfAborted();
        if (error instanceof RaError) throw error;
        throw unavailable('the signer of the identity could not be found', error);
      }
    });
  }

  #checkPath(
    leaf: Certificate,
    candidates: readonly Certificate[],
    { roots, foreign }: IdentityRoots,
  ): void {
    const { verifier, clock } = this.#options;
    if (roots.length === 0) throw refused('no_roots', 'the identity has no signer with roots');
    try {
      checkIssuerKey(leaf);
      const path = verifier.buildPath({ leaf, candidates, roots, at: clock.now() });
      if (path.some((step) => foreign.some((root) => equalBytes(root.spkiDer, step.spkiDer)))) {
        throw refused('shared_root', "another signer's authority stands between it and its root");
      }
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      throw refused(error.reason, error.message, error);
    }
  }
}

interface Rule {
  readonly reason: string;
  readonly message: string;
  readonly holds: (leaf: Certificate) => boolean;
}

const rules: readonly Rule[] = [
  {
    reason: 'version',
    message: 'the certificate is not of version 3',
    holds: ({ version }) => version === 3,
  },
  {
    reason: 'is_ca',
    message: 'the certificate is that of an authority',
    holds: ({ isCa, keyUsages }) => !isCa && keyUsages?.has('keyCertSign') !== true,
  },
  {
    reason: 'key_usage',
    message: 'the key may not sign, so it proves nothing',
    holds: ({ keyUsages }) => keyUsages === undefined || keyUsages.has('digitalSignature'),
  },
  {
    reason: 'extended_key_usage',
    message: 'the certificate is not for client authentication',
    holds: ({ extendedKeyUsages = [] }) => extendedKeyUsages.includes('clientAuth'),
  },
];

/** Divergence: in istiod every name of the certificate, of whatever kind, is an identity. */
function identityOf(leaf: Certificate): SpiffeId {
  const broken = rules.find((rule) => !rule.holds(leaf));
  if (broken !== undefined) throw refused(broken.reason, broken.message);
  const [name, ...others] = leaf.subjectAltNames;
  if (name?.kind !== 'uri' || others.length > 0) {
    throw refused('names', 'the certificate has other names than one URI');
  }
  try {
    return parseSpiffeId(name.value);
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    throw refused('names', 'the name of the certificate is not a SPIFFE id', error);
  }
}

function readLeaf(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw refused('malformed', 'the certificate cannot be read', error);
  }
}

/** What cannot be read is no part of a path, as is any stranger that a client sends along. */
function readIntermediates(ders: readonly Uint8Array[]): readonly Certificate[] {
  if (ders.length > maxIntermediates) {
    throw refused('too_many_certificates', 'too many certificates came along');
  }
  return ders.flatMap((der) => {
    try {
      return parseCertificate(der);
    } catch (error) {
      if (error instanceof CertificateError) return [];
      throw error;
    }
  });
}

function refused(reason: string, message: string, cause?: unknown): RaError {
  return new RaError('CALLER_UNAUTHENTICATED', message, {
    reason: `client_certificate_${reason}`,
    cause,
  });
}

function unavailable(message: string, cause?: unknown): RaError {
  return new RaError('AUTHENTICATION_UNAVAILABLE', message, {
    reason: 'assigned_roots_unavailable',
    cause,
  });
}
