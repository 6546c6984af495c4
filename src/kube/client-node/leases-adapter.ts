import { isJsonObject, objectAt, textAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Lease, LeaseRecord, Leases } from '../leases.ts';
import { badAnswer } from './answer-errors.ts';
import { namespacedFolder } from './object-calls.ts';
import type { ObjectCalls, ObjectPath } from './object-calls.ts';

const resource = 'leases';
const groupVersion = 'coordination.k8s.io/v1';

/** Leases of coordination.k8s.io/v1. */
export class KubernetesLeases implements Leases {
  readonly #calls: ObjectCalls;

  constructor(calls: ObjectCalls) {
    this.#calls = calls;
  }

  async read(namespace: string, name: string, signal: AbortSignal): Promise<Lease | undefined> {
    const raw = await this.#calls.get(pathOf({ namespace, name }), signal);
    return raw === undefined ? undefined : parsed(raw, 'get');
  }

  async create(lease: Omit<Lease, 'resourceVersion'>, signal: AbortSignal): Promise<Lease> {
    const raw = await this.#calls.create(pathOf(lease), bodyOf(lease, undefined), signal);
    return parsed(raw, 'create');
  }

  async update(lease: Lease, signal: AbortSignal): Promise<Lease> {
    const body = bodyOf(lease, lease.resourceVersion);
    return parsed(await this.#calls.update(pathOf(lease), body, signal), 'update');
  }
}

type LeasePath = Pick<Lease, 'namespace' | 'name'>;

function pathOf({ namespace, name }: LeasePath): ObjectPath {
  return { resource, folder: namespacedFolder(`/apis/${groupVersion}`, namespace, resource), name };
}

function bodyOf(
  { namespace, name, record }: Omit<Lease, 'resourceVersion'>,
  resourceVersion: string | undefined,
): JsonObject {
  return {
    apiVersion: groupVersion,
    kind: 'Lease',
    metadata: { namespace, name, resourceVersion },
    spec: {
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: microTime(record.acquiredAt),
      renewTime: microTime(record.renewedAt),
      leaseTransitions: record.transitions,
    },
  };
}

/** The API takes its MicroTime with six digits and no others. */
function microTime(ms: number): string | undefined {
  return ms === 0 ? undefined : new Date(ms).toISOString().replace(/Z$/, '000Z');
}

function parsed(raw: JsonObject, verb: string): Lease {
  const metadata = objectAt(raw, 'metadata');
  const [namespace, name] = [textAt(metadata, 'namespace'), textAt(metadata, 'name')];
  if (!isJsonObject(raw['metadata']) || name === '') {
    throw badAnswer('the answer is no Lease', { verb, resource });
  }
  const resourceVersion = textAt(metadata, 'resourceVersion');
  return { namespace, name, resourceVersion, record: recordOf(objectAt(raw, 'spec')) };
}

function recordOf(spec: JsonObject): LeaseRecord {
  return {
    holder: textAt(spec, 'holderIdentity'),
    durationSeconds: numberAt(spec, 'leaseDurationSeconds'),
    acquiredAt: timeAt(spec, 'acquireTime'),
    renewedAt: timeAt(spec, 'renewTime'),
    transitions: numberAt(spec, 'leaseTransitions'),
  };
}

function numberAt(spec: JsonObject, key: string): number {
  const value = spec[key];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function timeAt(spec: JsonObject, key: string): number {
  const ms = Date.parse(textAt(spec, key));
  return Number.isNaN(ms) ? 0 : ms;
}
