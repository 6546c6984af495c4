import { X509Certificate } from 'node:crypto';
import { duplicate, forbiddenField, invalid, notSupported, required } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { isJsonObject, isSameJson, listAt, textAt, timestamp } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { UnstoredObject } from './object-store.ts';
import type { ObjectUpdate, RuledObject } from './resource-rules.ts';

const conditionsField = 'status.conditions';
const approvalTypes = ['Approved', 'Denied'];
const lastingTypes = [...approvalTypes, 'Failed'];
const statusValues = ['False', 'True', 'Unknown'];

/** `/approval`: conditions are taken over, everything else of spec and status stays. */
export function prepareApproval({ old, wanted }: ObjectUpdate, now: number): RuledObject {
  const conditions = dated(conditionsOf(wanted), conditionsOf(old), now);
  const status = statusOf(conditions, certificateOf(old));
  return {
    object: { ...wanted, spec: old['spec'], status },
    errors: [...conditionErrors(conditions, old), ...removalErrors(conditions, old)],
  };
}

/** `/status`: certificate and conditions are taken over, but not what `/approval` decides. */
export function prepareStatus({ old, wanted }: ObjectUpdate, now: number): RuledObject {
  const before = conditionsOf(old);
  const conditions = dated(withApprovalOf(conditionsOf(wanted), before), before, now);
  const status = statusOf(conditions, certificateOf(wanted));
  return {
    object: { ...wanted, spec: old['spec'], status },
    errors: [
      ...conditionErrors(conditions, old),
      ...certificateErrors(certificateOf(wanted), certificateOf(old)),
      ...removalErrors(conditions, old),
      ...additionErrors(conditions, before),
      ...replacementErrors(certificateOf(wanted), certificateOf(old)),
    ],
  };
}

/** The conditions of a CertificateSigningRequest, with the fields that they can have. */
export function conditionsOf(object: KubeObject | UnstoredObject): readonly JsonObject[] {
  return listAt(object, 'status', 'conditions')
    .filter(isJsonObject)
    .map((condition) => ({
      type: textAt(condition, 'type') ?? '',
      status: textAt(condition, 'status') ?? '',
      ...optionalTexts(condition, ['reason', 'message', 'lastUpdateTime', 'lastTransitionTime']),
    }));
}

function optionalTexts(condition: JsonObject, names: readonly string[]): JsonObject {
  const texts = names.map((name) => [name, textAt(condition, name)] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

/** `status.certificate`, base64; undefined when it is not set. */
function certificateOf(object: KubeObject | UnstoredObject): string | undefined {
  const certificate = textAt(object, 'status', 'certificate');
  return certificate === '' ? undefined : certificate;
}

function statusOf(conditions: readonly JsonObject[], certificate: string | undefined): JsonObject {
  return {
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

function ofType(conditions: readonly JsonObject[], type: string): readonly JsonObject[] {
  return conditions.filter((condition) => condition['type'] === type);
}

function dated(
  conditions: readonly JsonObject[],
  before: readonly JsonObject[],
  now: number,
): readonly JsonObject[] {
  return conditions.map((condition) => {
    const same = before.find(
      ({ type, status }) => type === condition['type'] && status === condition['status'],
    );
    const since = textAt(same, 'lastTransitionTime') ?? timestamp(now);
    return { lastUpdateTime: timestamp(now), lastTransitionTime: since, ...condition };
  });
}

/** Approved and Denied as they were: their number cannot differ without an error further on. */
function withApprovalOf(
  conditions: readonly JsonObject[],
  before: readonly JsonObject[],
): readonly JsonObject[] {
  return approvalTypes.reduce<readonly JsonObject[]>((current, type) => {
    const kept = [...ofType(before, type)];
    if (ofType(current, type).length !== kept.length) return current;
    return current.map((condition) =>
      condition['type'] === type ? (kept.shift() ?? condition) : condition,
    );
  }, conditions);
}

function conditionErrors(
  conditions: readonly JsonObject[],
  old: KubeObject,
): readonly FieldError[] {
  const oldTypes = conditionsOf(old).map(({ type }) => type);
  const wasBoth = approvalTypes.every((type) => oldTypes.includes(type));
  return conditions.flatMap((condition, index) => {
    const field = `${conditionsField}[${index}]`;
    const earlier = conditions.slice(0, index).map(({ type }) => type);
    return [
      ...(condition['type'] === '' ? [required(`${field}.type`)] : []),
      ...statusValueErrors(`${field}.status`, condition),
      ...(wasBoth ? [] : exclusionErrors(condition['type'], earlier)),
      ...(earlier.includes(condition['type'])
        ? [duplicate(`${field}.type`, condition['type'])]
        : []),
    ];
  });
}

function statusValueErrors(field: string, { type, status }: JsonObject): readonly FieldError[] {
  if (status === '') return [required(field)];
  const allowed = lastingTypes.some((lasting) => lasting === type) ? ['True'] : statusValues;
  return allowed.some((value) => value === status) ? [] : [notSupported(field, status, allowed)];
}

function exclusionErrors(type: unknown, earlier: readonly unknown[]): readonly FieldError[] {
  const isApproval = approvalTypes.some((known) => known === type);
  const other = type === 'Approved' ? 'Denied' : 'Approved';
  if (!isApproval || !earlier.includes(other)) return [];
  return [invalid(conditionsField, type, 'Approved and Denied conditions are mutually exclusive')];
}

function removalErrors(conditions: readonly JsonObject[], old: KubeObject): readonly FieldError[] {
  const before = conditionsOf(old);
  return lastingTypes
    .filter((type) => ofType(conditions, type).length < ofType(before, type).length)
    .map((type) =>
      forbiddenField(conditionsField, `updates may not remove a condition of type "${type}"`),
    );
}

function additionErrors(
  conditions: readonly JsonObject[],
  before: readonly JsonObject[],
): readonly FieldError[] {
  return approvalTypes
    .filter((type) => ofType(conditions, type).length > ofType(before, type).length)
    .map((type) =>
      forbiddenField(conditionsField, `updates may not add a condition of type "${type}"`),
    );
}

function replacementErrors(
  wanted: string | undefined,
  before: string | undefined,
): readonly FieldError[] {
  if (before === undefined || isSameJson(wanted, before)) return [];
  return [
    forbiddenField('status.certificate', 'updates may not modify existing certificate content'),
  ];
}

function certificateErrors(
  wanted: string | undefined,
  before: string | undefined,
): readonly FieldError[] {
  if (wanted === undefined || wanted === before) return [];
  const problem = certificateProblem(Buffer.from(wanted, 'base64').toString('latin1'));
  if (problem === undefined) return [];
  return [invalid('status.certificate', '<certificate data>', problem)];
}

function certificateProblem(pem: string): string | undefined {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\s([\s\S]*?)-----END \1-----/g)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [block, label = '', body = ''] of blocks) {
    if (label !== 'CERTIFICATE') {
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(label)}`;
    }
    if (body.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(block);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return undefined;
}
