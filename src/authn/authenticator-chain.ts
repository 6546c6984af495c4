import { RaError } from '../base/ra-error.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import { parseBearerToken } from './bearer-token.ts';
import type { Caller } from './caller.ts';
import { readUnverifiedClaims } from './unverified-claims.ts';

/** An authenticator of tokens that knows its issuers. */
export interface IssuerAuthenticator extends Authenticator {
  /** Whether tokens that say they are of that issuer are for it to judge. */
  isConfigured(issuer: string | undefined): boolean;
}

export interface AuthenticatorChainOptions {
  /** Judges every bearer token that is not for `oidc`. */
  readonly kubernetes: Authenticator;
  readonly oidc?: IssuerAuthenticator | undefined;
  /** Absent where client certificates prove nothing. */
  readonly clientCertificate?: Authenticator | undefined;
}

/**
 * Picks the one authenticator that judges a client, by what the client sent, and leaves it at its
 * verdict: there is no second try with another proof, least of all when nobody could judge the first.
 *
 * Divergence: in istiod a client certificate hides the token, and each proof that fails makes way for
 * the next. x-forwarded-client-cert, the last of them there, is not looked at (CVE-2022-39388).
 */
export class AuthenticatorChain implements Authenticator {
  readonly #options: AuthenticatorChainOptions;

  constructor(options: AuthenticatorChainOptions) {
    this.#options = options;
  }

  async authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller> {
    return this.#judgeOf(credentials).authenticate(credentials, signal);
  }

  #judgeOf({ authorization, verifiedCertificate }: Credentials): Authenticator {
    const { kubernetes, oidc, clientCertificate } = this.#options;
    if (authorization.some(isBearer)) {
      const { issuer } = readUnverifiedClaims(parseBearerToken(authorization));
      return oidc?.isConfigured(issuer) === true ? oidc : kubernetes;
    }
    if (clientCertificate !== undefined && verifiedCertificate !== undefined) {
      return clientCertificate;
    }
    throw new RaError('CALLER_UNAUTHENTICATED', 'there is no bearer token and no other proof', {
      reason: 'credentials_missing',
    });
  }
}

/** Also where it is misspelt: somebody meant to send a token, and it shall be judged as one. */
function isBearer(value: string): boolean {
  return /^\s*bearer(?:\s|$)/i.test(value);
}
