import { forbiddenField, invalidObject, notSupported } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { badRequest } from './status-error.ts';

const matches = ['Exact', 'NotOlderThan'];

const field = 'resourceVersionMatch';

/** Throws a StatusError (400, 422) where the options of a list contradict each other. */
export function checkListOptions(query: URLSearchParams): void {
  const version = query.get('resourceVersion') ?? '';
  const isContinued = (query.get('continue') ?? '') !== '';
  const initial = forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  refuse([
    ...matchErrors(query.get(field) ?? '', version, isContinued),
    ...(query.has('sendInitialEvents') ? [initial] : []),
  ]);
  if (isContinued && version !== '' && version !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
}

function matchErrors(match: string, version: string, isContinued: boolean): readonly FieldError[] {
  if (match === '') return [];
  const forbid = (when: string): FieldError =>
    forbiddenField(field, `${field} is forbidden ${when}`);
  return [
    ...(version === '' ? [forbid('unless resourceVersion is provided')] : []),
    ...(isContinued ? [forbid('when continue is provided')] : []),
    ...(matches.includes(match) ? [] : [notSupported(field, match, matches)]),
    ...(match === 'Exact' && version === '0' ? [forbid('for resourceVersion "0"')] : []),
  ];
}

/** Throws a StatusError (422) where the options of a watch contradict each other. */
export function checkWatchOptions(query: URLSearchParams): void {
  const match = query.get(field) ?? '';
  const asksForInitial = query.has('sendInitialEvents');
  const errors: FieldError[] = [];
  if (asksForInitial && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    errors.push(forbiddenField(field, why));
  }
  if (match !== '') {
    const why = `${field} is forbidden for watch unless sendInitialEvents is provided`;
    if (!asksForInitial) errors.push(forbiddenField(field, why));
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']));
  }
  refuse(errors);
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) {
    throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  }
}
