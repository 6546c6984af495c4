import { isJsonObject, listAt, objectAt, textAt } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import type { RequestEvents } from '../request-events.ts';
import type { JsonCalls } from './json-calls.ts';

/** Where events about objects without a namespace are kept (client-go's event recorder). */
const namespace = 'default';
/** More than signers write about one request; of more, any may be the newest. */
const maxEvents = 100;

/** Events of the core group, as cert-manager and Kubernetes' own signers write them. */
export class KubernetesRequestEvents implements RequestEvents {
  readonly #calls: JsonCalls;

  constructor(calls: JsonCalls) {
    this.#calls = calls;
  }

  async latest(
    { name, uid }: { readonly name: string; readonly uid: string },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const about = {
      'involvedObject.kind': 'CertificateSigningRequest',
      'involvedObject.name': name,
      'involvedObject.uid': uid,
    };
    const selector = Object.entries(about).map(([field, value]) => `${field}=${escaped(value)}`);
    const list = await this.#calls.send(
      {
        verb: 'list',
        resource: 'events',
        method: 'GET',
        priority: 'low',
        path: ['api', 'v1', 'namespaces', namespace, 'events'],
        query: { fieldSelector: selector.join(','), limit: String(maxEvents) },
      },
      signal,
    );
    const events = listAt(list, 'items').filter(isJsonObject);
    const [newest] = events.sort((one, other) => timeOf(other) - timeOf(one));
    return newest === undefined ? undefined : textOf(newest);
  }
}

/** As a field selector wants values. */
function escaped(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

/** When it was last said; which field tells depends on how, and when, the writer was built. */
function timeOf(event: JsonObject): number {
  const times = [
    textAt(objectAt(event, 'series'), 'lastObservedTime'),
    textAt(event, 'lastTimestamp'),
    textAt(event, 'eventTime'),
    textAt(objectAt(event, 'metadata'), 'creationTimestamp'),
  ].map((time) => Date.parse(time));
  return times.find((time) => !Number.isNaN(time)) ?? 0;
}

function textOf(event: JsonObject): string | undefined {
  const parts = [textAt(event, 'reason'), textAt(event, 'message')];
  return parts.filter((part) => part !== '').join(': ') || undefined;
}
