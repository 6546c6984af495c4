import { textAt, objectAt, stringMapAt } from '../../base/json.ts';
import type { SecretObject, SecretWrites } from '../secret-writes.ts';
import { namespacedFolder } from './object-calls.ts';
import type { ObjectCalls, ObjectPath } from './object-calls.ts';
import { parseSecret } from './resource-objects.ts';
import { badAnswer } from './answer-errors.ts';

const resource = 'secrets';

/** Secrets of ours, by server-side apply. */
export class KubernetesSecretWrites implements SecretWrites {
  readonly #calls: ObjectCalls;

  constructor(calls: ObjectCalls) {
    this.#calls = calls;
  }

  async read(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<SecretObject | undefined> {
    const raw = await this.#calls.get(pathOf(namespace, name), signal);
    if (raw === undefined) return undefined;
    const labels = stringMapAt(objectAt(raw, 'metadata'), 'labels');
    try {
      const { uid, data } = parseSecret(raw);
      return { namespace, name, uid, type: textAt(raw, 'type'), labels, data };
    } catch (error) {
      throw badAnswer('the answer is no Secret', { verb: 'get', resource }, error);
    }
  }

  async apply(secret: Parameters<SecretWrites['apply']>[0], signal: AbortSignal): Promise<void> {
    const { namespace, name, type, labels } = secret;
    const data = Object.entries(secret.data).map(([key, text]) => [
      key,
      Buffer.from(text, 'utf8').toString('base64'),
    ]);
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name, labels },
      type,
      data: Object.fromEntries(data) as Record<string, string>,
    };
    await this.#calls.apply(pathOf(namespace, name), object, signal);
  }
}

function pathOf(namespace: string, name: string): ObjectPath {
  return { resource, folder: namespacedFolder('/api/v1', namespace, resource), name };
}
