import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { http2Limits } from './http2-limits.ts';
import { tlsParameters } from './tls-policy.ts';
import type { TlsPolicy } from './tls-policy.ts';

/** What the server proves itself with. */
export interface ServingIdentity {
  /** The serving certificate and its intermediates. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

/**
 * The server's TLS: 1.2 and up, authenticated encryption alone, a client certificate welcome but not
 * needed, no session resumption (a resumed session would carry an old verdict on the client), and
 * certificates that can be exchanged while connections live.
 */
export class RotatingServerCredentials extends ServerCredentials {
  readonly #policy: TlsPolicy;

  /**
   * Without an identity every handshake fails until `rotate` brings one. Throws an Error when the
   * identity or the policy is unusable.
   */
  constructor(identity: ServingIdentity | undefined, policy: TlsPolicy = {}) {
    super(http2Limits, checkedContext(identity, policy));
    this.#policy = policy;
  }

  /**
   * Takes new connections with `identity` from now on; existing ones go on undisturbed. Throws an
   * Error and keeps what it has when the identity is unusable.
   */
  rotate(identity: ServingIdentity): void {
    this.updateSecureContextOptions(checkedContext(identity, this.#policy));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * Everything a new context needs, for Node forgets each option that an update leaves out. It is tried
 * out here because grpc-js would only log a failure and then drop every new connection.
 */
function checkedContext(
  identity: ServingIdentity | undefined,
  policy: TlsPolicy,
): SecureContextOptions {
  const options: SecureContextOptions = {
    ...(identity === undefined
      ? {}
      : { cert: identity.certificateChainPem, key: identity.privateKeyPem }),
    // None, and not undefined, with which Node would trust all the web's authorities. TLS makes sure
    // that a client holds the key of its certificate; whose signature counts depends on the identity,
    // which authn knows. So no list of the tenants' authorities goes out to whoever connects, and Node
    // keeps the intermediates, which it forgets once it has verified a chain itself.
    ca: [],
    ...tlsParameters(policy),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: 'istio-ra',
  };
  createSecureContext(options);
  return options;
}

/**
 * No TLS at all, for a server behind somebody who ends it. Callers prove themselves by token alone, and
 * whoever is on the way can read it.
 */
export function plaintextCredentials(): ServerCredentials {
  return ServerCredentials.createInsecure();
}
