import type { CallName } from './answer-errors.ts';

/**
 * Which calls go first where not all can: what finishes requests before what begins new ones, and
 * what only tidies up last.
 */
export type CallPriority = 'high' | 'normal' | 'low';

/** Reads and changes that a request, or our right to act at all, waits for. */
const urgent: Readonly<Record<string, readonly string[]>> = {
  get: ['certificatesigningrequests', 'pods', 'leases'],
  update: ['certificatesigningrequests/approval', 'leases'],
};

/** The priority of a call that says nothing about it. */
export function usualPriority({ verb, resource }: CallName): CallPriority {
  if (urgent[verb]?.includes(resource) === true) return 'high';
  switch (verb) {
    case 'update':
    case 'patch':
    case 'delete':
    case 'deletecollection':
      return 'low';
    default:
      return 'normal';
  }
}
