import path from 'node:path';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';

/** `istio.v1.auth.IstioCertificateRequest` as proto-loader hands it over. */
export interface CertificateRequestMessage {
  readonly csr: string;
  /** An int64 in decimal: a JavaScript number could not hold it. */
  readonly validity_duration: string;
  /** A google.protobuf.Struct; read it with `readRequestMetadata` only. */
  readonly metadata: unknown;
}

/** `istio.v1.auth.IstioCertificateResponse`. */
export interface CertificateResponseMessage {
  readonly cert_chain: readonly string[];
}

export type CreateCertificateMethod = MethodDefinition<
  CertificateRequestMessage,
  CertificateResponseMessage
>;

export interface CertificateProto {
  readonly service: ServiceDefinition & { readonly CreateCertificate: CreateCertificateMethod };
  /** All messages and services of the file, for reflection. */
  readonly definition: PackageDefinition;
}

export const certificateServiceName = 'istio.v1.auth.IstioCertificateService';

const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

/**
 * Loads `ca.proto` from `directory`; `others` are further proto files that reflection is to know.
 * Throws an Error when the file is missing or does not define the service.
 */
export function loadCertificateProto(
  directory: string,
  others: readonly string[] = [],
): CertificateProto {
  const definition = loadSync([path.join(directory, 'ca.proto'), ...others], options);
  const service = definition[certificateServiceName];
  if (service === undefined || !('CreateCertificate' in service)) {
    throw new Error(`ca.proto in ${directory} does not define ${certificateServiceName}`);
  }
  return { service: service as unknown as CertificateProto['service'], definition };
}
