import { describe, expect, it } from '@jest/globals';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
  isTransient,
  isUnauthorized,
  KubeApiError,
} from '../../../src/kube/api-error.ts';

const classes = {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
  isTransient,
  isUnauthorized,
};

function classesOf(error: unknown): string[] {
  return Object.entries(classes).flatMap(([name, holds]) => (holds(error) ? [name] : []));
}

describe('the class of a Kubernetes API error', () => {
  it.each([
    [409, 'AlreadyExists', ['isAlreadyExists']],
    [409, 'Conflict', ['isConflict']],
    [403, 'Forbidden', ['isForbidden']],
    [410, 'Expired', ['isGone']],
    [404, 'NotFound', ['isNotFound']],
    [401, 'Unauthorized', ['isUnauthorized']],
    [429, 'TooManyRequests', ['isTransient']],
    [500, 'InternalError', ['isTransient']],
    [504, 'Timeout', ['isTransient']],
    [undefined, 'ConnectionFailed', ['isTransient']],
    [422, 'Invalid', []],
  ])('of status %s and reason %s is %j', (status, reason, names) => {
    const error = new KubeApiError('refused', { status, reason, verb: 'get', resource: 'pods' });
    expect(classesOf(error)).toEqual(names);
  });

  it('is none for errors of other kinds', () => {
    expect(classesOf(Object.assign(new Error('no'), { status: 500 }))).toEqual([]);
  });
});
