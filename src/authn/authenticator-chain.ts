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
 * Picks the authenticator that judges a client, by what the client sent: its token, and its
 * certificate where there is no token or the token is no good (a VM may hold one that is long
 * outdated, and an attacker would simply leave it out). Nobody else is asked when a token could not
 * be judged: the client shall come again with the same proof.
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
    const byCertificate = this.#judgeOfCertificate(credentials);
    if (!credentials.authorization.some(isBearer)) {
      if (byCertificate === undefined) throw nothingSent();
      return byCertificate.authenticate(credentials, signal);
    }
    try {
      return await this.#judgeOfToken(credentials).authenticate(credentials, signal);
    } catch (error) {
      if (byCertificate === undefined || !isRefusal(error)) throw error;
      return byCertificate.authenticate(credentials, signal).catch((second: unknown) => {
        throw isRefusal(second) ? bothRefused(error, second) : second;
      });
    }
  }

  #judgeOfToken({ authorization }: Credentials): Authenticator {
    const { kubernetes, oidc } = this.#options;
    const { issuer } = readUnverifiedClaims(parseBearerToken(authorization));
    return oidc?.isConfigured(issuer) === true ? oidc : kubernetes;
  }

  #judgeOfCertificate({ clientCertificate }: Credentials): Authenticator | undefined {
    return clientCertificate === undefined ? undefined : this.#options.clientCertificate;
  }
}

function isRefusal(error: unknown): error is RaError {
  return error instanceof RaError && error.code === 'CALLER_UNAUTHENTICATED';
}

/** The token is what the client meant to be judged by; why the certificate failed stands beside it. */
function bothRefused({ message, reason, fields }: RaError, certificate: RaError): RaError {
  return new RaError('CALLER_UNAUTHENTICATED', message, {
    reason,
    fields: { ...fields, clientCertificate: certificate.reason },
    cause: certificate,
  });
}

function nothingSent(): RaError {
  return new RaError('CALLER_UNAUTHENTICATED', 'there is no bearer token and no other proof', {
    reason: 'credentials_missing',
  });
}

/** Also where it is misspelt: somebody meant to send a token, and it shall be judged as one. */
function isBearer(value: string): boolean {
  return /^\s*bearer(?:\s|$)/i.test(value);
}
