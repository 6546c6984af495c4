import { invalidObject, notSupported, required, tooLong } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { textAt, textsAt } from './kube-object.ts';
import type { JsonObject } from './kube-object.ts';
import { applyType } from './patch.ts';
import type { ResourceRequest } from './resource-request.ts';
import { badRequest } from './status-error.ts';

const kinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
};
const maxManagerLength = 128;
const policies = ['Foreground', 'Background', 'Orphan'];

/** Throws a StatusError (422) where the options of a create, update or patch are wrong. */
export function checkWriteOptions({ verb, query, body }: ResourceRequest): void {
  const manager = query.get('fieldManager') ?? '';
  const errors = dryRunErrors(query.getAll('dryRun'));
  if (manager.length > maxManagerLength) errors.push(tooLong('fieldManager', maxManagerLength));
  if (manager === '' && body.contentType === applyType) {
    errors.push(required('fieldManager', 'is required for apply patch'));
  }
  refuse(kinds[verb] ?? 'PatchOptions', errors);
}

/** Throws a StatusError (400, 422) where the options of a deletion are wrong. */
export function checkDeleteOptions(options: JsonObject): void {
  const kind = textAt(options, 'kind') ?? 'DeleteOptions';
  if (kind !== 'DeleteOptions') throw badRequest(`${kind} cannot be handled as a DeleteOptions`);
  const policy = textAt(options, 'propagationPolicy') ?? 'Background';
  refuse('DeleteOptions', [
    ...dryRunErrors(textsAt(options, 'dryRun')),
    ...(policies.includes(policy) ? [] : [notSupported('propagationPolicy', policy, policies)]),
  ]);
}

function dryRunErrors(wanted: readonly string[]): FieldError[] {
  const strange = wanted.filter((value) => value !== 'All' && value !== '');
  return strange.length === 0 ? [] : [notSupported('dryRun', strange, ['All'])];
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', errors);
}
