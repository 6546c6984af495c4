import { without } from './raw-api.ts';
import type { Json, RawAnswer } from './raw-api.ts';

interface Cause {
  readonly field?: string;
  readonly reason?: string;
}

/**
 * What an answer comes to, without prose: `201`, `409 Conflict`, or with the fields that were found
 * wrong `422 Invalid spec.usages=Required`. Throws when a refusal is no whole v1.Status.
 */
export function outcomeOf(answer: RawAnswer): string {
  const { status, json } = answer;
  if (status < 300) return String(status);
  checkStatus(answer);
  const { causes = [] } = (json['details'] ?? {}) as { readonly causes?: readonly Cause[] };
  const reason = typeof json['reason'] === 'string' ? ` ${json['reason']}` : '';
  const fields = causes.map((cause) => {
    const why = (cause.reason ?? '').replace(/^FieldValue/, '');
    return cause.field === undefined ? ` ${why}` : ` ${cause.field}=${why}`;
  });
  return `${status}${reason}${fields.join('')}`;
}

function checkStatus({ status, json, text }: RawAnswer): void {
  const { kind, apiVersion, metadata, status: verdict, message, code } = json;
  const isWhole =
    kind === 'Status' &&
    apiVersion === 'v1' &&
    typeof metadata === 'object' &&
    verdict === 'Failure' &&
    typeof message === 'string' &&
    message !== '' &&
    code === status;
  if (!isWhole) throw new Error(`${status} is no whole Status: ${text}`);
}

/** What a refusal is about: `details` without its causes. */
export function subjectOf({ json }: RawAnswer): Json {
  return without((json['details'] ?? {}) as Json, 'causes');
}
