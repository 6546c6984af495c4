import { constants, X509Certificate } from 'node:crypto';
import type { SecureServerOptions } from 'node:http2';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { parseCertificateBundle } from '../pki/pem.ts';
import { openSslCiphers } from './tls-policy.ts';
import type { TlsPolicy } from './tls-policy.ts';

/** What the server proves itself with, and which clients' certificates it can verify. */
export interface ServingIdentity {
  /** The serving certificate and its intermediates. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** Roots of client certificates, any number; with "" no client certificate is ever verified. */
  readonly clientRootsPem: string;
}

/** One connection may carry as many calls at once as this; others wait in the client. */
const maxConcurrentStreams = 256;

/** Limits of a connection. grpc-js reaches none of them through its channel options. */
const connectionOptions: SecureServerOptions = {
  requestCert: true,
  // A certificate that does not verify is no proof, but no reason to refuse a good token either.
  // Divergence: in istiod it fails the handshake.
  rejectUnauthorized: false,
  handshakeTimeout: 5_000,
  unknownProtocolTimeout: 2_000,
  maxHeaderListPairs: 48,
  /** Megabytes. grpc-js itself asks for no limit; ten is what Node has by default. */
  maxSessionMemory: 10,
  maxSessionInvalidFrames: 50,
  maxSessionRejectedStreams: 20,
  maxOutstandingPings: 4,
  // Rapid reset (CVE-2023-44487).
  streamResetBurst: 500,
  streamResetRate: 50,
  settings: { maxConcurrentStreams, maxHeaderListSize: 16_384, enablePush: false },
};

/**
 * The server's TLS: 1.2 and up, authenticated encryption alone, a client certificate welcome but not
 * needed, no session resumption (a resumed session would carry an old verdict on the client), and
 * certificates that can be exchanged while connections live.
 */
export class RotatingServerCredentials extends ServerCredentials {
  readonly #policy: TlsPolicy;

  /** Throws an Error when the identity or the policy is unusable. */
  constructor(identity: ServingIdentity, policy: TlsPolicy = {}) {
    super(connectionOptions, checkedContext(identity, policy));
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
function checkedContext(identity: ServingIdentity, policy: TlsPolicy): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: identity.certificateChainPem,
    key: identity.privateKeyPem,
    ca: clientRoots(identity.clientRootsPem),
    minVersion: policy.minVersion ?? 'TLSv1.2',
    ciphers: openSslCiphers(policy),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: 'istio-ra',
  };
  createSecureContext(options);
  return options;
}

/**
 * One PEM text for each root. Node passes over what is no certificate, so the text is read here first.
 * No roots are an empty list: for undefined Node would trust all the web's authorities.
 */
function clientRoots(pem: string): string[] {
  if (pem.trim() === '') return [];
  return parseCertificateBundle(pem).map((der) => new X509Certificate(der).toString());
}
