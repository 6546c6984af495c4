import { coreRules, prunedProxyConfig } from './core-rules.ts';
import { isJsonObject, objectAt, textAt, valueAt, without } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import type { UnstoredObject } from './object-store.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { ResourceRules } from './resource-rules.ts';

/** The rules of a resource that has none of its own, but defaults and perhaps a status part. */
export function plainRules(definition: ResourceDefinition): ResourceRules {
  const isPruned = definition.plural === 'proxyconfigs';
  const own = coreRules(definition.plural);
  const hasStatus = definition.subresources.includes('status');
  return {
    decode: own.decode,
    prepareForCreate: (object) => {
      const given = hasStatus ? (without(object, 'status') as UnstoredObject) : object;
      const complete = withDefaults(definition.plural, given);
      return { object: complete, errors: own.errors(complete) };
    },
    prepareForUpdate: ({ subresource, old, wanted }) => {
      if (subresource === 'status') {
        const changed = { ...old, metadata: wanted.metadata, status: wanted['status'] };
        return { object: changed, errors: [] };
      }
      const kept = hasStatus ? { ...without(wanted, 'status'), ...keptStatus(old) } : wanted;
      const object = isPruned ? withDefaults('proxyconfigs', kept as UnstoredObject) : kept;
      const errors = [...own.errors(object), ...own.updateErrors(object, old)];
      return { object: object as UnstoredObject, errors };
    },
    furtherRights: () => undefined,
  };
}

function keptStatus(old: JsonObject): JsonObject {
  return old['status'] === undefined ? {} : { status: old['status'] };
}

/** Those defaults of the API server without which its clients would not know their objects. */
function withDefaults(plural: string, object: UnstoredObject): UnstoredObject {
  switch (plural) {
    case 'namespaces':
      return namespaceDefaults(object);
    case 'pods':
      return {
        ...object,
        spec: { ...objectAt(object, 'spec'), ...accountOf(object) },
        status: { phase: 'Pending', qosClass: 'BestEffort' },
      };
    case 'secrets':
      return secretDefaults(object);
    case 'proxyconfigs':
      return isJsonObject(object['spec'])
        ? { ...object, spec: prunedProxyConfig(object['spec']) }
        : object;
    case 'nodes':
      return { spec: {}, status: {}, ...object };
    default:
      return object;
  }
}

function namespaceDefaults(object: UnstoredObject): UnstoredObject {
  const { metadata } = object;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function accountOf(pod: UnstoredObject): JsonObject {
  const account =
    textAt(pod, 'spec', 'serviceAccountName') ?? textAt(pod, 'spec', 'serviceAccount') ?? 'default';
  return { serviceAccountName: account, serviceAccount: account };
}

function secretDefaults(object: UnstoredObject): UnstoredObject {
  const texts = Object.entries(objectAt(object, 'stringData')).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ]);
  const data = { ...objectAt(object, 'data'), ...(Object.fromEntries(texts) as JsonObject) };
  const isEmpty = texts.length === 0 && valueAt(object, 'data') === undefined;
  return {
    ...(without(object, 'stringData', 'data') as UnstoredObject),
    ...(isEmpty ? {} : { data }),
    type: textAt(object, 'type') ?? 'Opaque',
  };
}
