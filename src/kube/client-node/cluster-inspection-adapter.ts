import { filledTextAt, listAt, objectAt, stringAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { AccessQuestion } from '../reviews.ts';
import { isNotFound } from '../api-error.ts';
import type {
  ClusterInspection,
  InspectedObjects,
  ObjectSelection,
  ServiceAccountName,
} from '../cluster-inspection.ts';
import { badAnswer } from './answer-errors.ts';
import type { JsonCalls } from './json-calls.ts';

const pageSize = 500;
const maxPages = 20;
const tokenSeconds = 600;

/** The calls of an inspection over plain JSON: of each answer little is looked at. */
export class KubernetesClusterInspection implements ClusterInspection {
  readonly #calls: JsonCalls;

  constructor(calls: JsonCalls) {
    this.#calls = calls;
  }

  async serverVersion(signal: AbortSignal): Promise<string> {
    const version = await this.#get('version', ['version'], signal);
    const text = filledTextAt(version, 'gitVersion');
    if (text !== undefined) return text;
    throw badAnswer('the answer tells no version', { verb: 'get', resource: 'version' });
  }

  async hasGroup(group: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#get('apis', ['apis', group], signal);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async list(selection: ObjectSelection, signal: AbortSignal): Promise<InspectedObjects> {
    const { resource } = selection;
    const path = pathOf(selection);
    const items: unknown[] = [];
    let token: string | undefined;
    for (let page = 0; page < maxPages; page += 1) {
      const query = { ...selectorsOf(selection), limit: String(pageSize) };
      const answer = await this.#calls.send(
        {
          verb: 'list',
          resource,
          method: 'GET',
          priority: 'low',
          path,
          query: token === undefined ? query : { ...query, continue: token },
        },
        signal,
      );
      items.push(...listAt(answer, 'items'));
      token = filledTextAt(objectAt(answer, 'metadata'), 'continue');
      if (token === undefined) return { items, isWhole: true };
    }
    return { items, isWhole: false };
  }

  async mayAccount(
    { namespace, name }: ServiceAccountName,
    question: AccessQuestion,
    signal: AbortSignal,
  ): Promise<boolean> {
    const apiVersion = 'authorization.k8s.io/v1';
    const path = ['apis', 'authorization.k8s.io', 'v1', 'subjectaccessreviews'];
    const answer = await this.#create('subjectaccessreviews', path, signal, {
      apiVersion,
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${namespace}:${name}`,
        groups: [
          'system:serviceaccounts',
          `system:serviceaccounts:${namespace}`,
          'system:authenticated',
        ],
        resourceAttributes: question,
      },
    });
    return objectAt(answer, 'status')['allowed'] === true;
  }

  async requestToken(
    { namespace, name }: ServiceAccountName,
    audiences: readonly string[],
    signal: AbortSignal,
  ): Promise<string> {
    const resource = 'serviceaccounts/token';
    const path = ['api', 'v1', 'namespaces', namespace, 'serviceaccounts', name, 'token'];
    const answer = await this.#create(resource, path, signal, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds: tokenSeconds },
    });
    const token = stringAt(objectAt(answer, 'status'), 'token');
    if (token !== undefined) return token;
    throw badAnswer('the answer holds no token', { verb: 'create', resource });
  }

  #get(resource: string, path: readonly string[], signal: AbortSignal): Promise<JsonObject> {
    const call = { verb: 'get', resource, method: 'GET', priority: 'low', path } as const;
    return this.#calls.send(call, signal);
  }

  #create(
    resource: string,
    path: readonly string[],
    signal: AbortSignal,
    object: JsonObject,
  ): Promise<JsonObject> {
    const body = JSON.stringify(object);
    const call = { verb: 'create', resource, method: 'POST', priority: 'low', path, body } as const;
    return this.#calls.send(call, signal);
  }
}

function pathOf({ group, version, resource, namespace }: ObjectSelection): readonly string[] {
  const root = group === '' ? ['api', version] : ['apis', group, version];
  return [...root, ...(namespace === undefined ? [] : ['namespaces', namespace]), resource];
}

function selectorsOf({ name, labelSelector }: ObjectSelection): Readonly<Record<string, string>> {
  return {
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}
