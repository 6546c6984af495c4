import { forbiddenField, invalid, required } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { isJsonObject, isSameJson, listAt, objectAt, textAt, valueAt } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import { badRequest } from './status-error.ts';

/** What the API server has against objects of its own types, as far as clients of ours meet it. */
interface CoreRules {
  /** Throws a StatusError (400) when a field is of the wrong type. */
  readonly decode: (body: JsonObject) => void;
  readonly errors: (object: JsonObject) => readonly FieldError[];
  readonly updateErrors: (object: JsonObject, old: KubeObject) => readonly FieldError[];
}

const nothing = (): readonly FieldError[] => [];

const rules: Readonly<Record<string, Partial<CoreRules>>> = {
  configmaps: {
    decode: (body) => {
      checkMap(body, 'data', (value) => typeof value === 'string');
      checkMap(body, 'binaryData', isBase64);
    },
    errors: (object) => {
      const texts = Object.keys(objectAt(object, 'data'));
      const bytes = Object.keys(objectAt(object, 'binaryData'));
      const twice = texts.filter((key) => bytes.includes(key));
      return [
        ...keyErrors('data', texts),
        ...keyErrors('binaryData', bytes),
        ...twice.map((key) =>
          invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'),
        ),
      ];
    },
    updateErrors: (object, old) => immutableErrors(object, old, ['data', 'binaryData']),
  },
  secrets: {
    decode: (body) => {
      checkMap(body, 'data', isBase64);
      checkMap(body, 'stringData', (value) => typeof value === 'string');
    },
    errors: (object) => {
      const keys = Object.keys(objectAt(object, 'data'));
      const wanted = textAt(object, 'type') === 'kubernetes.io/tls' ? ['tls.crt', 'tls.key'] : [];
      const missing = wanted.filter((key) => !keys.includes(key));
      return [...keyErrors('data', keys), ...missing.map((key) => required(`data[${key}]`))];
    },
    updateErrors: (object, old) => [
      ...sameErrors('type', object, old),
      ...immutableErrors(object, old, ['data']),
    ],
  },
  events: {
    errors: (object) => {
      const involved = textAt(object, 'involvedObject', 'namespace') ?? '';
      const why = 'does not match event.namespace';
      const isOwn = involved === '' || involved === textAt(object, 'metadata', 'namespace');
      return isOwn ? [] : [invalid('involvedObject.namespace', involved, why)];
    },
  },
  leases: {
    decode: (body) => {
      for (const field of ['acquireTime', 'renewTime']) checkTime(objectAt(body, 'spec'), field);
    },
    errors: (object) => [
      ...numberErrors(object, 'leaseDurationSeconds', 1),
      ...numberErrors(object, 'leaseTransitions', 0),
    ],
  },
  proxyconfigs: { errors: (object) => proxyConfigErrors(object) },
  pods: {
    errors: (object) =>
      listAt(object, 'spec', 'containers').length === 0 ? [required('spec.containers')] : [],
    updateErrors: (object, old) =>
      ['nodeName', 'serviceAccountName', 'serviceAccount'].every((field) =>
        isSameJson(valueAt(object, 'spec', field), valueAt(old, 'spec', field)),
      )
        ? []
        : [forbiddenField('spec', 'pod updates may not change fields other than the image')],
  },
};

/** What Istio's own definition of ProxyConfig asks for. */
const proxyConfigFields = ['selector', 'concurrency', 'environmentVariables', 'image'];

/** The fields that a ProxyConfig's schema has, which alone are kept. */
export function prunedProxyConfig(spec: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(spec).filter(([field]) => proxyConfigFields.includes(field)),
  );
}

function proxyConfigErrors(object: JsonObject): readonly FieldError[] {
  const spec = object['spec'];
  if (spec !== undefined && !isJsonObject(spec)) return [wrongType('spec', 'object')];
  return Object.entries(objectAt(object, 'spec', 'environmentVariables'))
    .filter(([, value]) => typeof value !== 'string')
    .map(([name]) => wrongType(`spec.environmentVariables.${name}`, 'string'));
}

function wrongType(field: string, type: string): FieldError {
  return { field, reason: 'FieldValueTypeInvalid', message: `must be of type ${type}` };
}

/** The rules of a resource, by its plural name; those that it does not have allow everything. */
export function coreRules(plural: string): CoreRules {
  return { decode: () => undefined, errors: nothing, updateErrors: nothing, ...rules[plural] };
}

function checkMap(body: JsonObject, field: string, isGood: (value: unknown) => boolean): void {
  const map = body[field];
  if (map === undefined || map === null) return;
  if (!isJsonObject(map) || !Object.values(map).every(isGood)) {
    throw badRequest(`json: cannot unmarshal into Go struct field .${field}`);
  }
}

function isBase64(value: unknown): boolean {
  if (typeof value !== 'string') return value === null;
  const compact = value.replace(/[\r\n]/g, '');
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
}

function checkTime(spec: JsonObject, field: string): void {
  const time = spec[field];
  if (time === undefined || time === null) return;
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time))) {
    throw badRequest(`parsing time into Go struct field .spec.${field}`);
  }
}

function keyErrors(field: string, keys: readonly string[]): readonly FieldError[] {
  const why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  return keys
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || /^\.{1,2}$/.test(key))
    .map((key) => invalid(`${field}[${key}]`, key, why));
}

function immutableErrors(
  object: JsonObject,
  old: KubeObject,
  fields: readonly string[],
): readonly FieldError[] {
  if (old['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  return ['immutable', ...fields]
    .filter((field) => !isSameJson(object[field], old[field]))
    .map((field) => forbiddenField(field, why));
}

function sameErrors(field: string, object: JsonObject, old: KubeObject): readonly FieldError[] {
  if (isSameJson(object[field], old[field])) return [];
  return [invalid(field, object[field], 'field is immutable')];
}

function numberErrors(object: JsonObject, field: string, min: number): readonly FieldError[] {
  const value = valueAt(object, 'spec', field);
  if (typeof value !== 'number' || value >= min) return [];
  const why = min === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
  return [invalid(`spec.${field}`, value, why)];
}
