import type { JsonObject } from '../../base/json.ts';
import { isNotFound } from '../api-error.ts';
import { fieldManager } from '../labels.ts';
import { pathPrefixOf, readObject } from './json-answer.ts';
import type { KubeTransport, TransportRequest } from './transport.ts';

/** Where an object is, or is to be. */
export interface ObjectPath {
  /** The resource's plural name. */
  readonly resource: string;
  /** Such as `/api/v1/namespaces/foo/configmaps`. */
  readonly folder: string;
  readonly name: string;
}

export interface DeletionPreconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * Calls for single objects as the JSON that the API speaks: what we do not know of an object goes back
 * as it came. Each rejects with a `KubeApiError`, or with the signal's own reason.
 */
export class ObjectCalls {
  readonly #transport: KubeTransport;
  readonly #prefix: string;

  /** `server` may have a path, which goes before every other. */
  constructor(transport: KubeTransport, server: string) {
    this.#transport = transport;
    this.#prefix = pathPrefixOf(server);
  }

  /** Undefined when there is none of that name. */
  async get(path: ObjectPath, signal: AbortSignal): Promise<JsonObject | undefined> {
    try {
      return await this.#send({ verb: 'get', method: 'GET' }, path, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The answer to a GET of a path that is no object's, such as a discovery document. */
  async document(
    path: string,
    resource: string,
    signal: AbortSignal,
  ): Promise<JsonObject | undefined> {
    const [folder = '', name = ''] = splitAtLast(path);
    return this.get({ resource, folder, name }, signal);
  }

  create(path: ObjectPath, object: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const body = JSON.stringify(object);
    return this.#send({ verb: 'create', method: 'POST', body }, path, signal);
  }

  update(path: ObjectPath, object: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const body = JSON.stringify(object);
    return this.#send({ verb: 'update', method: 'PUT', body }, path, signal);
  }

  /** A server-side apply as `istio-ra` that takes from others what `object` names. */
  apply(path: ObjectPath, object: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const body = JSON.stringify(object);
    return this.#send({ verb: 'patch', method: 'PATCH', body, headers }, path, signal);
  }

  delete(
    path: ObjectPath,
    preconditions: DeletionPreconditions,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
    const body = JSON.stringify(options);
    return this.#send({ verb: 'delete', method: 'DELETE', body }, path, signal);
  }

  async #send(
    sent: Omit<TransportRequest, 'resource' | 'path'>,
    { resource, folder, name }: ObjectPath,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    const { verb, method } = sent;
    const object = method === 'POST' ? '' : `/${encodeURIComponent(name)}`;
    const path = `${this.#prefix}${folder}${object}${queries[method]}`;
    const { text } = await this.#transport.call({ ...sent, resource, path }, signal);
    return readObject(text, { verb, resource });
  }
}

const manager = `?fieldManager=${fieldManager}`;
const queries = {
  GET: '',
  DELETE: '',
  POST: manager,
  PUT: manager,
  PATCH: `${manager}&force=true`,
};

function splitAtLast(path: string): readonly string[] {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at), path.slice(at + 1)];
}

/** Of the resources that live in namespaces: the path before an object's name. */
export function namespacedFolder(root: string, namespace: string, resource: string): string {
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}
