import { isJsonObject } from '../../base/json.ts';

/**
 * When the bearer token of an Authorization header ends, in milliseconds since the Unix epoch, as the
 * token says itself. It is only a hint: nobody has checked the token. Undefined for any other header.
 */
export function expiryOf(authorization: string | undefined): number | undefined {
  const [, payload] = /^Bearer [^.]+\.([^.]+)\.[^.]+$/i.exec(authorization ?? '') ?? [];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const seconds = isJsonObject(claims) ? claims['exp'] : undefined;
    return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined;
  } catch {
    return undefined; // Tokens may be anything; the server reads them, not we.
  }
}
