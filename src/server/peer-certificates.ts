import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';

/** A client's certificate and what it sent beside it, DER, the leaf's issuer first. */
export interface PeerCertificates {
  readonly leaf: Uint8Array;
  readonly intermediates: readonly Uint8Array[];
}

/** One more than anybody needs, so that who sends too many is noticed and not cut short. */
const maxIntermediates = 17;

/**
 * What the client of a grpc-js call proved in the handshake that it holds the key of; undefined where
 * it sent no certificate. Nobody has verified who signed it.
 *
 * `getAuthContext` would give a leaf alone, and only if TLS verified it; and once TLS has verified a
 * client's chain Node (24.21) forgets its intermediates. So this reaches into the call for its socket.
 * Where a later grpc-js keeps it elsewhere there are no certificates, and a test fails.
 */
export function peerCertificatesOf(call: object): PeerCertificates | undefined {
  const socket = socketOf(call);
  const leaf = socket?.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  const intermediates: Uint8Array[] = [];
  let above = issuerOf(leaf);
  while (above !== undefined && intermediates.length < maxIntermediates) {
    intermediates.push(derOf(above));
    above = issuerOf(above);
  }
  return { leaf: derOf(leaf), intermediates };
}

function socketOf(call: object): TLSSocket | undefined {
  try {
    const found = ['stream', 'session', 'socket'].reduce(propertyOf, ownCallOf(call));
    return found instanceof TLSSocket ? found : undefined;
  } catch {
    return undefined; // ERR_HTTP2_SOCKET_UNBOUND: the connection has just ended.
  }
}

/** What grpc-js knows of the call; each interceptor is a layer around it. */
function ownCallOf(call: object): unknown {
  let found = propertyOf(call, 'call');
  for (let layer = found; layer !== undefined; layer = propertyOf(layer, 'nextCall')) found = layer;
  return found;
}

function propertyOf(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, name) : undefined;
}

/** A root may be linked to itself. */
function issuerOf(certificate: X509Certificate): X509Certificate | undefined {
  const issuer = certificate.issuerCertificate;
  return issuer === undefined || issuer.raw.equals(certificate.raw) ? undefined : issuer;
}

function derOf({ raw }: X509Certificate): Uint8Array {
  return new Uint8Array(raw);
}
