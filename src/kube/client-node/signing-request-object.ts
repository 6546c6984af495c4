import {
  filledTextAt,
  isJsonObject,
  listAt,
  objectAt,
  stringAt,
  stringMapAt,
  stringsAt,
  textAt,
} from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { SigningRequest, SigningRequestCondition } from '../signing-requests.ts';

/** Thrown when `raw` is not even an object with a name; what else is missing is left empty. */
export function parseSigningRequest(raw: unknown): SigningRequest {
  const object = isJsonObject(raw) ? raw : {};
  const metadata = objectAt(object, 'metadata');
  const name = stringAt(metadata, 'name');
  if (name === undefined) throw new Error('the object is no CertificateSigningRequest');
  const spec = objectAt(object, 'spec');
  const status = objectAt(object, 'status');
  const expirationSeconds = spec['expirationSeconds'];
  const certificate = filledTextAt(status, 'certificate');
  return {
    name,
    uid: textAt(metadata, 'uid'),
    resourceVersion: textAt(metadata, 'resourceVersion'),
    creationTimestamp: Date.parse(textAt(metadata, 'creationTimestamp')) || 0,
    labels: stringMapAt(metadata, 'labels'),
    annotations: stringMapAt(metadata, 'annotations'),
    username: textAt(spec, 'username'),
    signerName: textAt(spec, 'signerName'),
    requestPem: fromBase64(textAt(spec, 'request')),
    usages: stringsAt(spec, 'usages'),
    expirationSeconds: typeof expirationSeconds === 'number' ? expirationSeconds : undefined,
    conditions: listAt(status, 'conditions').filter(isJsonObject).map(parseCondition),
    certificatePem: certificate === undefined ? undefined : fromBase64(certificate),
    raw,
  };
}

function parseCondition(raw: JsonObject): SigningRequestCondition {
  const reason = stringAt(raw, 'reason');
  const message = stringAt(raw, 'message');
  return {
    type: textAt(raw, 'type'),
    status: textAt(raw, 'status'),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  };
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
