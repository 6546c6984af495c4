import { RaError } from '../base/ra-error.ts';

/** Longer than any token that Kubernetes makes; a bound before anything else looks at the text. */
const maxTokenLength = 16 * 1024;
const scheme = 'Bearer ';
/** RFC 6750 section 2.1, b64token. */
const tokenCharacters = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * The token of the first `authorization` value with the scheme `Bearer ` (case-sensitive, as in
 * istiod). Throws CALLER_UNAUTHENTICATED when there is none or it cannot be a token.
 */
export function parseBearerToken(authorization: readonly string[]): string {
  const value = authorization.find((candidate) => candidate.startsWith(scheme));
  if (value === undefined) {
    throw new RaError('CALLER_UNAUTHENTICATED', 'no bearer token in the authorization header', {
      reason: 'token_missing',
    });
  }
  if (value.length > maxTokenLength + scheme.length) {
    throw new RaError('CALLER_UNAUTHENTICATED', 'the bearer token is longer than 16 KiB', {
      reason: 'token_too_long',
    });
  }
  const token = value.slice(scheme.length);
  if (!tokenCharacters.test(token)) {
    throw new RaError('CALLER_UNAUTHENTICATED', 'the bearer token holds a character no token has', {
      reason: 'token_malformed',
    });
  }
  return token;
}
