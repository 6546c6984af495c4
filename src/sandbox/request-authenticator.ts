import { createHash, timingSafeEqual } from 'node:crypto';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import { unauthorized } from './status-error.ts';
import { administratorsGroup, apiAudience } from './user-info.ts';
import type { UserInfo } from './user-info.ts';

/** A client certificate that the TLS layer has verified. */
export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly der: Uint8Array;
}

export interface PresentedCredentials {
  /** The `authorization` header. */
  readonly authorization: string | undefined;
  readonly peerCertificate: PeerCertificate | undefined;
}

const anonymous: UserInfo = {
  username: 'system:anonymous',
  groups: ['system:unauthenticated'],
  extra: {},
};

export interface RequestAuthenticatorOptions {
  readonly tokens: ServiceAccountTokens;
  /** A bearer token that is the administrator. */
  readonly adminToken: string;
}

/** Turns the credentials of a request into a user. */
export class RequestAuthenticator {
  readonly #options: RequestAuthenticatorOptions;

  constructor(options: RequestAuthenticatorOptions) {
    this.#options = options;
  }

  /** Without credentials the user is anonymous; wrong ones throw a StatusError (401). */
  authenticate({ authorization, peerCertificate }: PresentedCredentials): UserInfo {
    // The API server, too, looks at the certificate first.
    if (peerCertificate !== undefined) return userOfCertificate(peerCertificate);
    if (authorization === undefined) return anonymous;
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    // Whatever is no token at all is looked at by nobody.
    if (token === undefined) return anonymous;
    if (isSameText(token, this.#options.adminToken)) return administrator;
    const verdict = this.#options.tokens.verify(token, [apiAudience]);
    if (verdict.kind === 'refused') throw unauthorized();
    return verdict.user;
  }
}

const administrator: UserInfo = {
  username: 'kubernetes-admin',
  groups: [administratorsGroup, 'system:authenticated'],
  extra: {},
};

function userOfCertificate({ commonName, organizations, der }: PeerCertificate): UserInfo {
  const fingerprint = createHash('sha256').update(der).digest('hex');
  return {
    username: commonName,
    groups: [...organizations, 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  };
}

function isSameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
