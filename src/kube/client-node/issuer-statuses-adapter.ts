import { isJsonObject, listAt, objectAt, textAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { isNotFound } from '../api-error.ts';
import type { IssuerStatus, IssuerStatuses } from '../issuers.ts';
import type { JsonCalls } from './json-calls.ts';

interface IssuerReference extends Pick<IssuerStatus, 'kind' | 'namespace' | 'name'> {
  readonly group: string;
}

/** Names as the API server lets them be: nothing that could lead to another path. */
const dnsName = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const clusterIssuer = new RegExp(`^clusterissuers\\.(?<group>${dnsName})/(?<name>${dnsName})$`);
/** A namespace holds no dot, so that the first dot ends it. */
const issuer = new RegExp(
  `^issuers\\.(?<group>${dnsName})/(?<namespace>[a-z0-9-]{1,63})\\.(?<name>${dnsName})$`,
);

/** Versions of groups that we need not ask for. */
const knownVersions: ReadonlyMap<string, string> = new Map([['cert-manager.io', 'v1']]);

/** The issuers of cert-manager, and of whoever names signers as it does. */
export class KubernetesIssuerStatuses implements IssuerStatuses {
  readonly #calls: JsonCalls;

  constructor(calls: JsonCalls) {
    this.#calls = calls;
  }

  async read(signerName: string, signal: AbortSignal): Promise<IssuerStatus | undefined> {
    const reference = referenceOf(signerName);
    if (reference === undefined) return undefined;
    const { group, kind, namespace, name } = reference;
    const version = knownVersions.get(group) ?? (await this.#discover(group, signal));
    if (version === undefined) return undefined;
    const place = namespace === undefined ? [] : ['namespaces', namespace];
    const path = ['apis', group, version, ...place, kind, name];
    const call = { verb: 'get', resource: kind, method: 'GET', priority: 'low', path } as const;
    const which = { kind, namespace, name };
    try {
      return { ...which, ...readyOf(await this.#calls.send(call, signal)) };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const message = error instanceof Error ? error.message : '';
      return { ...which, ready: 'Unknown', reason: 'NotFound', message };
    }
  }

  /** The group's version that the API prefers; undefined where it has no such group. */
  async #discover(group: string, signal: AbortSignal): Promise<string | undefined> {
    const path = ['apis', group];
    const call = { verb: 'get', resource: 'apis', method: 'GET', priority: 'low', path } as const;
    try {
      const found = await this.#calls.send(call, signal);
      return textAt(objectAt(found, 'preferredVersion'), 'version') || undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function referenceOf(signerName: string): IssuerReference | undefined {
  const cluster = clusterIssuer.exec(signerName)?.groups;
  const { group, namespace, name } = cluster ?? issuer.exec(signerName)?.groups ?? {};
  if (group === undefined || name === undefined) return undefined;
  return { kind: cluster === undefined ? 'issuers' : 'clusterissuers', group, namespace, name };
}

function readyOf(object: JsonObject): Pick<IssuerStatus, 'ready' | 'reason' | 'message'> {
  const conditions = listAt(objectAt(object, 'status'), 'conditions').filter(isJsonObject);
  const condition = conditions.find((one) => one['type'] === 'Ready') ?? {};
  const status = condition['status'];
  return {
    ready: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: textAt(condition, 'reason'),
    message: textAt(condition, 'message'),
  };
}
