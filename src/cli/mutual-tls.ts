import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { PeerCertificate, TLSSocket } from 'node:tls';

/** What a workload holds after CreateCertificate. */
export interface WorkloadCredentials {
  readonly privateKeyPem: string;
  /** The answer's elements; the last one holds the roots to trust. */
  readonly chain: readonly string[];
}

export type HandshakeResult =
  | { readonly kind: 'connected'; readonly peer: string; readonly protocol: string }
  | { readonly kind: 'refused'; readonly by: 'client' | 'server'; readonly reason: string };

const timeoutMs = 5_000;

function secureContext({ privateKeyPem, chain }: WorkloadCredentials): {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
} {
  return { key: privateKeyPem, cert: chain.slice(0, -1).join(''), ca: chain.at(-1) ?? '' };
}

/** Workloads are known by the URI in their certificate, not by a host name. */
function requirePeer(
  uri: string,
): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, certificate) =>
    certificate.subjectaltname === `URI:${uri}`
      ? undefined
      : new Error(`the peer is ${certificate.subjectaltname ?? 'nobody'}, not ${uri}`);
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/**
 * A real mutual-TLS handshake on 127.0.0.1 between two workloads, each trusting only the roots that
 * came with its own certificate. Ends within five seconds.
 */
export async function handshake(
  client: WorkloadCredentials,
  server: WorkloadCredentials & { readonly uri: string },
): Promise<HandshakeResult> {
  const listener = createServer({
    ...secureContext(server),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  });
  // TLS 1.3 lets a client finish before the server has judged it: one byte says that it did.
  listener.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    socket.end('1');
  });
  let serverError: Error | undefined;
  listener.on('tlsClientError', (error) => {
    serverError = error;
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({
    ...secureContext(client),
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    minVersion: 'TLSv1.2',
    timeout: timeoutMs,
    checkServerIdentity: requirePeer(server.uri),
  });
  try {
    return await outcome(socket, () => serverError);
  } finally {
    socket.destroy();
    listener.close();
  }
}

async function outcome(
  socket: TLSSocket,
  serverError: () => Error | undefined,
): Promise<HandshakeResult> {
  socket.on('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'data');
    const { subjectaltname } = socket.getPeerCertificate();
    return {
      kind: 'connected',
      peer: (subjectaltname ?? '').replace('URI:', ''),
      protocol: socket.getProtocol() ?? '',
    };
  } catch (error) {
    const refusedByServer = serverError();
    // Whoever refuses first knows why; the other side only sees the connection end.
    return refusedByServer === undefined || isVerificationError(error as Error)
      ? { kind: 'refused', by: 'client', reason: codeOf(error as Error) }
      : { kind: 'refused', by: 'server', reason: codeOf(refusedByServer) };
  }
}

/** Node names OpenSSL's verification errors so (X509_V_ERR_…, without the prefix). */
const verificationErrors = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_)/;

function isVerificationError(error: Error): boolean {
  return verificationErrors.test(codeOf(error));
}
