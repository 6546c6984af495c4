import { decodeJwt } from 'jose';

/** What a token says about itself. Anybody can write it: good for routing and for caution only. */
export interface UnverifiedClaims {
  readonly issuer: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

/**
 * Reads a token's payload without looking at its signature; everything is undefined where it cannot be
 * read. Total. It reads with the library that verifies, so that both see the same claims.
 */
export function readUnverifiedClaims(token: string): UnverifiedClaims {
  try {
    const { iss, exp } = decodeJwt<{ readonly iss: unknown; readonly exp: unknown }>(token);
    return {
      issuer: typeof iss === 'string' ? iss : undefined,
      expiresAt: typeof exp === 'number' ? exp * 1000 : undefined,
    };
  } catch {
    return { issuer: undefined, expiresAt: undefined };
  }
}
