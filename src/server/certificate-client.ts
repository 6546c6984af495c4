import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ChannelCredentials, ChannelOptions, ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { silenceGrpcLog } from './grpc-log.ts';
import { loadCertificateProto } from './proto.ts';
import type { CertificateRequestMessage, CreateCertificateMethod } from './proto.ts';
import { isRetriedAtOnce, requestIdOf, statusName } from './status.ts';

export interface CertificateClientOptions {
  /** `host:port` of the authority. */
  readonly address: string;
  /** The roots that the server's certificate must lead to. */
  readonly rootPem: string;
  /** The name that the server's certificate must hold; the host of `address` where absent. */
  readonly serverName?: string | undefined;
  readonly clientCertificate?:
    { readonly certificateChainPem: string; readonly privateKeyPem: string } | undefined;
  /** Where ca.proto lies. */
  readonly protoDirectory: string;
  readonly clock?: Clock;
}

export interface CertificateCall {
  readonly token?: string | undefined;
  readonly clusterId?: string | undefined;
  readonly csrPem: string;
  readonly validitySeconds: number | bigint;
  readonly certSigner?: string | undefined;
  readonly impersonatedIdentity?: string | undefined;
  readonly deadlineMs: number;
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/** Thrown when the authority gave no certificate, or did not answer. */
export class CertificateCallError extends Error {
  /** The name of the gRPC status, such as `UNAUTHENTICATED`. */
  readonly code: string;
  /** The id under which the authority logged the call; undefined when it was not reached. */
  readonly requestId: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { requestId?: string | undefined; cause: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'CertificateCallError';
    this.code = code;
    this.requestId = options.requestId;
  }
}

/** Whether istio-agent, to whom a call ended so, tries again some 100 ms later. */
export function isRetriedByAgents(error: unknown): boolean {
  if (!(error instanceof CertificateCallError)) return false;
  return isRetriedAtOnce(status[error.code as keyof typeof status]);
}

const channelOptions: ChannelOptions = {
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
  // Each client has its own connection, and closing the client closes it.
  'grpc.use_local_subchannel_pool': 1,
};

/** A connection to a certificate authority, as a sidecar has one. Close it after use. */
export class CertificateClient {
  readonly #client: Client;
  readonly #method: CreateCertificateMethod;
  readonly #clock: Clock;

  /** Throws an Error when a PEM text is unusable or ca.proto is missing. */
  constructor(options: CertificateClientOptions) {
    silenceGrpcLog();
    this.#clock = options.clock ?? systemClock;
    this.#method = loadCertificateProto(options.protoDirectory).service.CreateCertificate;
    this.#client = new Client(options.address, channelCredentials(options), {
      ...channelOptions,
      ...(options.serverName === undefined ? {} : nameOverride(options.serverName)),
    });
  }

  /** Resolves with `cert_chain`: leaf, intermediates, and last all roots. Throws CertificateCallError. */
  request(call: CertificateCall): Promise<readonly string[]> {
    const { path, requestSerialize, responseDeserialize } = this.#method;
    const deadline = this.#clock.now() + call.deadlineMs;
    return new Promise((resolve, reject) => {
      const running = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        messageOf(call),
        headersOf(call),
        { deadline },
        (error, response) => {
          call.signal?.removeEventListener('abort', cancel);
          if (error !== null) reject(callError(error));
          else resolve(response?.cert_chain ?? []);
        },
      );
      const cancel = (): void => {
        running.cancel();
      };
      if (call.signal?.aborted === true) cancel();
      else call.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** One call over a connection of its own. Throws CertificateCallError. */
export async function requestCertificate(
  call: CertificateCall & CertificateClientOptions,
): Promise<readonly string[]> {
  const client = new CertificateClient(call);
  try {
    return await client.request(call);
  } finally {
    client.close();
  }
}

function channelCredentials(options: CertificateClientOptions): ChannelCredentials {
  const { rootPem, clientCertificate } = options;
  if (clientCertificate === undefined) return credentials.createSsl(Buffer.from(rootPem));
  const { certificateChainPem, privateKeyPem } = clientCertificate;
  return credentials.createSsl(
    Buffer.from(rootPem),
    Buffer.from(privateKeyPem),
    Buffer.from(certificateChainPem),
  );
}

function nameOverride(serverName: string): ChannelOptions {
  return { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName };
}

function messageOf(call: CertificateCall): CertificateRequestMessage {
  const values = {
    CertSigner: call.certSigner,
    ImpersonatedIdentity: call.impersonatedIdentity,
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const fields = Object.fromEntries(given.map(([key, stringValue]) => [key, { stringValue }]));
  return {
    csr: call.csrPem,
    validity_duration: call.validitySeconds.toString(),
    metadata: { fields },
  };
}

function headersOf({ token, clusterId }: CertificateCall): Metadata {
  const headers = new Metadata();
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (clusterId !== undefined) headers.set('clusterid', clusterId);
  return headers;
}

function callError(error: ServiceError): CertificateCallError {
  const requestId = requestIdOf(error.details);
  return new CertificateCallError(statusName(error.code), error.details, {
    requestId,
    cause: error,
  });
}
