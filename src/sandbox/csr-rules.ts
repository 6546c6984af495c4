import { prepareApproval, prepareStatus } from './csr-status-rules.ts';
import { duplicate, invalid, notSupported, required } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import {
  isJsonObject,
  isSameJson,
  listAt,
  objectAt,
  textAt,
  textsAt,
  valueAt,
} from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { UnstoredObject } from './object-store.ts';
import { readRequest, requestDerOf } from './pkcs10.ts';
import type {
  FurtherRight,
  ObjectUpdate,
  ResourceRules,
  RuleContext,
  RuledObject,
} from './resource-rules.ts';
import { signerNameErrors } from './signer-name-rules.ts';
import { badRequest } from './status-error.ts';

const knownUsages = [
  ...['any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign'],
  ...['data encipherment', 'decipher only', 'digital signature', 'email protection'],
  ...['encipher only', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement'],
  ...['key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime'],
  ...['server auth', 'signing', 'timestamping'],
];

const minLifetimeSeconds = 600;

/** What the API server does to CertificateSigningRequests (certificates.k8s.io/v1). */
export const csrRules: ResourceRules = {
  decode: (body) => {
    for (const part of ['spec', 'status']) checkPart(body, part);
    checkConditions(body);
    checkType(body, 'spec', 'request', '[]uint8');
    checkType(body, 'spec', 'usages', '[]v1.KeyUsage');
    checkType(body, 'spec', 'signerName', 'string');
    checkType(body, 'spec', 'expirationSeconds', 'int32');
    checkType(body, 'status', 'certificate', '[]uint8');
    decodeBase64(requestTextOf(body) ?? '');
    decodeBase64(textAt(body, 'status', 'certificate') ?? '');
  },

  prepareForCreate: (object, context) => {
    const spec = specOf(object, context);
    const { apiVersion, kind, metadata } = object;
    return { object: { apiVersion, kind, metadata, spec, status: {} }, errors: specErrors(spec) };
  },

  prepareForUpdate: (update, { now }): RuledObject => {
    switch (update.subresource) {
      case 'approval':
        return prepareApproval(update, now);
      case 'status':
        return prepareStatus(update, now);
      default:
        return prepareMain(update);
    }
  },

  furtherRights: (old, object, subresource): FurtherRight | undefined => {
    if (old === undefined) return undefined;
    if (subresource === 'approval') return rightToSigner('approve', old);
    const isStatusChange = subresource === 'status' && !isSameJson(old['status'], object['status']);
    return isStatusChange ? rightToSigner('sign', old) : undefined;
  },
};

/** The main resource changes metadata alone: spec and status of what is sent are passed over. */
function prepareMain({ old, wanted }: ObjectUpdate): RuledObject {
  const { apiVersion, kind, metadata } = wanted;
  const { spec, status } = old;
  return { object: { apiVersion, kind, metadata, spec, status }, errors: [] };
}

function rightToSigner(verb: 'approve' | 'sign', old: KubeObject): FurtherRight {
  const signerName = textAt(old, 'spec', 'signerName') ?? '';
  const [domain = ''] = signerName.split('/');
  return {
    verb,
    group: 'certificates.k8s.io',
    resource: 'signers',
    names: [signerName, `${domain}/*`],
    refusal: `user not permitted to ${verb} requests with signerName "${signerName}"`,
  };
}

/** Only fields that the type has; who asks is what the API server knows, not what the body says. */
function specOf(object: UnstoredObject, { user }: RuleContext): JsonObject {
  const request = requestTextOf(object);
  const expirationSeconds = valueAt(object, 'spec', 'expirationSeconds');
  const hasExtra = Object.keys(user.extra).length > 0;
  return {
    request: request === undefined ? null : decodeBase64(request).toString('base64'),
    signerName: textAt(object, 'spec', 'signerName') ?? '',
    ...(typeof expirationSeconds === 'number' ? { expirationSeconds } : {}),
    usages: textsAt(object, 'spec', 'usages'),
    username: user.username,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(hasExtra ? { extra: user.extra } : {}),
  };
}

function specErrors(spec: JsonObject): readonly FieldError[] {
  return [
    ...requestErrors(spec['request']),
    ...usageErrors(listAt(spec, 'usages')),
    ...signerErrors(textAt(spec, 'signerName') ?? ''),
    ...expirationErrors(spec['expirationSeconds']),
  ];
}

function requestErrors(request: unknown): readonly FieldError[] {
  try {
    const pem =
      typeof request === 'string' ? Buffer.from(request, 'base64').toString('latin1') : '';
    readRequest(requestDerOf(pem));
    return [];
  } catch (error) {
    return [invalid('spec.request', request, error instanceof Error ? error.message : 'malformed')];
  }
}

function usageErrors(usages: readonly unknown[]): readonly FieldError[] {
  if (usages.length === 0) return [required('spec.usages')];
  const unknown = usages.flatMap((usage, index) =>
    typeof usage === 'string' && knownUsages.includes(usage)
      ? []
      : [notSupported(`spec.usages[${index}]`, usage, knownUsages)],
  );
  const repeated = usages.flatMap((usage, index) =>
    usages.indexOf(usage) < index ? [duplicate(`spec.usages[${index}]`, usage)] : [],
  );
  return [...unknown, ...repeated];
}

function signerErrors(signerName: string): readonly FieldError[] {
  if (signerName === 'kubernetes.io/legacy-unknown') {
    const why = 'the legacy signerName is not allowed via this API version';
    return [invalid('spec.signerName', signerName, why)];
  }
  return signerNameErrors('spec.signerName', signerName);
}

function expirationErrors(seconds: unknown): readonly FieldError[] {
  if (typeof seconds !== 'number' || seconds >= minLifetimeSeconds) return [];
  const why = 'may not specify a duration less than 600 seconds (10 minutes)';
  return [invalid('spec.expirationSeconds', seconds, why)];
}

function cannotBeHandled(why: string): Error {
  const kind = 'CertificateSigningRequest';
  return badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${why}`);
}

function checkPart(body: JsonObject, part: string): void {
  const value = body[part];
  if (value === undefined || value === null || isJsonObject(value)) return;
  throw cannotBeHandled(`json: cannot unmarshal ${typeof value} into Go struct field .${part}`);
}

const conditionTexts = ['type', 'status', 'reason', 'message'];
const conditionTimes = ['lastUpdateTime', 'lastTransitionTime'];

function checkConditions(body: JsonObject): void {
  const conditions = objectAt(body, 'status')['conditions'] ?? [];
  const isGood =
    Array.isArray(conditions) &&
    conditions.every(
      (condition) =>
        isJsonObject(condition) &&
        conditionTexts.every((name) => isTextOrNothing(condition[name])) &&
        conditionTimes.every((name) => isTimeOrNothing(condition[name])),
    );
  if (!isGood) throw cannotBeHandled('json: cannot unmarshal into .status.conditions');
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

function isTimeOrNothing(value: unknown): boolean {
  if (typeof value !== 'string') return isTextOrNothing(value);
  return /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
}

type GoType = '[]uint8' | 'string' | 'int32' | '[]v1.KeyUsage';

function checkType(body: JsonObject, part: string, field: string, type: GoType): void {
  const value = objectAt(body, part)[field];
  if (value === undefined || value === null || isOfType(value, type)) return;
  const given = typeof value === 'number' ? `number ${value}` : typeof value;
  throw cannotBeHandled(
    `json: cannot unmarshal ${given} into Go struct field .${part}.${field} of type ${type}`,
  );
}

function isOfType(value: unknown, type: GoType): boolean {
  switch (type) {
    case 'int32':
      return isInt32(value);
    case '[]uint8':
      return typeof value === 'string' || isByteList(value);
    case '[]v1.KeyUsage':
      return Array.isArray(value) && value.every((usage) => typeof usage === 'string');
    default:
      return typeof value === 'string';
  }
}

/** Go reads bytes from base64, and from a list of numbers as well. */
function requestTextOf(object: JsonObject): string | undefined {
  const request = valueAt(object, 'spec', 'request');
  if (isByteList(request)) return Buffer.from(request).toString('base64');
  return typeof request === 'string' ? request : undefined;
}

function isByteList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((byte) => isInt32(byte) && byte >= 0 && byte < 256);
}

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

/** Go's standard decoder: line breaks are passed over, anything else that is foreign is refused. */
function decodeBase64(text: string): Buffer {
  const compact = text.replace(/[\r\n]/g, '');
  const strange = /^[A-Za-z0-9+/]*={0,2}/.exec(compact)?.[0].length ?? 0;
  if (strange < compact.length || compact.length % 4 !== 0) {
    throw cannotBeHandled(`illegal base64 data at input byte ${strange}`);
  }
  return Buffer.from(compact, 'base64');
}
