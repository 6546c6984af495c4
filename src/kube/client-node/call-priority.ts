import type { CallName } from './answer-errors.ts';

/**
 * Which calls go first where not all can: what finishes requests before what begins new ones, and
 * what only tidies up last.
 */
export type CallPriority = 'high' | 'normal' | 'low';

/** The priority of a call that says nothing about it. */
export function usualPriority({ verb }: CallName): CallPriority {
  switch (verb) {
    case 'get':
    case 'update':
    case 'patch':
      return 'high';
    case 'delete':
    case 'deletecollection':
      return 'low';
    default:
      return 'normal';
  }
}
