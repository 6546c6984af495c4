import { valueAt } from '../base/json.ts';
import { RaError } from '../base/ra-error.ts';

/** What the server reads of a request's metadata. */
export interface RequestMetadata {
  /** Undefined when absent, "" when sent empty (istio-agent always sends the key). */
  readonly certSigner: string | undefined;
  readonly impersonatedIdentity: string | undefined;
}

/** Longer than the longest signer path that the Kubernetes API takes (317 characters). */
const maxCertSignerLength = 512;
/** The SPIFFE ID specification, section 2.3, bounds an id to 2048 bytes. */
const maxIdentityLength = 2048;
/** Clients send two keys; the bound keeps a flood of keys from being taken for a request. */
const maxKeys = 64;
const [certSignerKey, impersonatedIdentityKey] = ['CertSigner', 'ImpersonatedIdentity'] as const;
const knownKeys: ReadonlySet<string> = new Set([certSignerKey, impersonatedIdentityKey]);

/**
 * Reads the google.protobuf.Struct of a request, as proto-loader hands it over. Keys that the server
 * does not know are ignored. Throws REQUEST_MALFORMED when a known key holds something else than a
 * string, or a string beyond its bound.
 *
 * Divergence: istiod reads a value that is not a string as "".
 */
export function readRequestMetadata(struct: unknown): RequestMetadata {
  const fields = fieldsOf(struct);
  return {
    certSigner: readString(fields, certSignerKey, maxCertSignerLength),
    impersonatedIdentity: readString(fields, impersonatedIdentityKey, maxIdentityLength),
  };
}

/**
 * The struct without what `readRequestMetadata` would not look at. Decoded, 64 KiB of nested values
 * take megabytes, and thousands of requests may wait at once; this one reads the same and takes no
 * more than its bytes did.
 */
export function withoutUnreadMetadata(struct: unknown): unknown {
  const fields = valueAt(struct, 'fields');
  if (typeof fields !== 'object' || fields === null) return fields === undefined ? null : struct;
  const keys = Object.keys(fields);
  const kept =
    keys.length > maxKeys ? keys.slice(0, maxKeys + 1) : keys.filter((key) => knownKeys.has(key));
  return {
    fields: Object.fromEntries(kept.map((key) => [key, shortened(valueAt(fields, key))])),
  };
}

function shortened(value: unknown): unknown {
  const text = valueAt(value, 'stringValue');
  if (typeof text !== 'string') return {};
  return {
    stringValue: text.length > maxIdentityLength ? ' '.repeat(maxIdentityLength + 1) : text,
  };
}

function fieldsOf(struct: unknown): object {
  if (struct === null || struct === undefined) return {};
  const fields = valueAt(struct, 'fields') ?? {};
  if (typeof fields !== 'object') throw malformed('metadata_malformed', 'metadata is not a struct');
  if (Object.keys(fields).length > maxKeys) {
    throw malformed('metadata_too_many_keys', `metadata holds more than ${maxKeys} keys`);
  }
  return fields;
}

function readString(fields: object, key: string, maxLength: number): string | undefined {
  const value = valueAt(fields, key);
  if (value === undefined) return undefined;
  const text = valueAt(value, 'stringValue');
  if (typeof text !== 'string') {
    throw malformed('metadata_not_a_string', `metadata value ${key} is not a string`);
  }
  if (text.length > maxLength) {
    throw malformed('metadata_too_long', `metadata value ${key} is longer than ${maxLength}`);
  }
  return text;
}

function malformed(reason: string, message: string): RaError {
  return new RaError('REQUEST_MALFORMED', message, { reason });
}
