import { errors, jwtVerify } from 'jose';
import type { Caller } from './caller.ts';
import type { JWTPayload } from 'jose';
import type { Clock } from '../base/clock.ts';
import { valueAt } from '../base/json.ts';
import { RaError } from '../base/ra-error.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { workloadId } from '../pki/spiffe-id.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import { parseBearerToken } from './bearer-token.ts';
import type { BoundPod } from './caller.ts';
import { resolveClusterId } from './cluster-id.ts';
import type { OidcKeySet } from './oidc-key-set.ts';
import { parseServiceAccountUsername } from './service-account-username.ts';
import type { ServiceAccountName } from './service-account-username.ts';
import { checkNamespace } from './trust-scope.ts';
import type { TrustScope } from './trust-scope.ts';
import { readUnverifiedClaims } from './unverified-claims.ts';

/** An issuer of service account tokens whose API server we cannot ask, and what its word is good for. */
export interface OidcIssuer extends TrustScope {
  /** The `iss` of its tokens, byte for byte. */
  readonly issuer: string;
  /** Audiences of which the token must carry one. */
  readonly audiences: readonly string[];
  /** The cluster that it speaks for. */
  readonly cluster: { readonly id: string; readonly aliases: readonly string[] };
  readonly keys: OidcKeySet;
}

export interface OidcAuthenticatorOptions {
  readonly issuers: readonly OidcIssuer[];
  readonly mesh: MeshSource;
  readonly clock: Clock;
}

/** Public-key signatures only: whoever can check a MAC could also make it. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** How far an issuer's clock may be from ours. */
const skewSeconds = 60;

/**
 * Authenticates service accounts by the signature of their tokens, for clusters whose TokenReview is
 * out of reach. Nobody is asked whether the pod still lives: a token is good until its end.
 */
export class OidcAuthenticator implements Authenticator {
  readonly #options: OidcAuthenticatorOptions;
  readonly #issuers = new Map<string, OidcIssuer>();

  /** Throws an Error when an issuer has no name or no audience, or is there twice. */
  constructor(options: OidcAuthenticatorOptions) {
    this.#options = options;
    for (const issuer of options.issuers) {
      const name = JSON.stringify(issuer.issuer);
      if (issuer.issuer === '') throw new Error('an OIDC issuer has an empty name');
      if (issuer.audiences.length === 0) throw new Error(`the OIDC issuer ${name} has no audience`);
      if (this.#issuers.has(issuer.issuer))
        throw new Error(`the OIDC issuer ${name} is there twice`);
      this.#issuers.set(issuer.issuer, issuer);
    }
  }

  /** Whether tokens that say they are of that issuer are for us to judge. */
  isConfigured(issuer: string | undefined): boolean {
    return issuer !== undefined && this.#issuers.has(issuer);
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller> {
    try {
      return await this.#authenticate(credentials, signal);
    } catch (error) {
      throw RaError.from(error);
    }
  }

  async #authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller> {
    const token = parseBearerToken(credentials.authorization);
    const issuer = this.#issuers.get(readUnverifiedClaims(token).issuer ?? '');
    if (issuer === undefined) throw refused('issuer_unknown', 'the token is of an unknown issuer');
    const cluster = resolveClusterId(credentials.clusterIds, issuer.cluster);
    const claims = await this.#verify(token, issuer, signal);
    const account = parseServiceAccountUsername(textOf(claims.sub));
    checkAccount(claims, account);
    checkNamespace(issuer, account.namespace);
    const { trustDomain } = this.#options.mesh.current().config;
    return {
      identity: workloadId({ trustDomain, ...account }),
      method: 'oidc-token',
      cluster,
      pod: boundPod(claims),
      allowedSigners: issuer.allowedSigners,
    };
  }

  async #verify(token: string, issuer: OidcIssuer, signal: AbortSignal): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, (header) => issuer.keys.keyFor(header, signal), {
        algorithms,
        issuer: issuer.issuer,
        audience: [...issuer.audiences],
        requiredClaims: ['exp', 'nbf', 'sub'],
        clockTolerance: skewSeconds,
        currentDate: new Date(this.#options.clock.now()),
      });
      return payload;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RaError) throw error;
      throw refused(reasonOf(error), 'the token does not hold', error);
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'token_expired';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'token_invalid';
  return error.claim === 'aud' ? 'token_audience' : 'token_claims';
}

/** What Kubernetes says about a token beyond the standard claims; undefined parts are not there. */
interface KubernetesClaims {
  readonly namespace: unknown;
  readonly account: unknown;
  readonly podName: unknown;
  readonly podUid: unknown;
}

function kubernetesClaims(claims: JWTPayload): KubernetesClaims {
  const kubernetes = valueAt(claims, 'kubernetes.io');
  return {
    namespace: valueAt(kubernetes, 'namespace'),
    account: valueAt(kubernetes, 'serviceaccount', 'name'),
    podName: valueAt(kubernetes, 'pod', 'name'),
    podUid: valueAt(kubernetes, 'pod', 'uid'),
  };
}

/** Throws CALLER_UNAUTHENTICATED when Kubernetes' claims name another account than the subject. */
function checkAccount(claims: JWTPayload, { namespace, serviceAccount }: ServiceAccountName): void {
  const said = kubernetesClaims(claims);
  const agrees =
    (said.namespace ?? namespace) === namespace &&
    (said.account ?? serviceAccount) === serviceAccount;
  if (!agrees) throw refused('token_claims', 'the claims of the token name two accounts');
}

/** Both claims or none: half a binding proves nothing. */
function boundPod(claims: JWTPayload): BoundPod | undefined {
  const { podName, podUid } = kubernetesClaims(claims);
  const [name, uid] = [textOf(podName), textOf(podUid)];
  return name === '' || uid === '' ? undefined : { name, uid };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function refused(reason: string, message: string, cause?: unknown): RaError {
  return new RaError('CALLER_UNAUTHENTICATED', message, { reason, cause });
}
