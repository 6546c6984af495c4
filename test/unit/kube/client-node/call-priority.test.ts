import { describe, expect, it } from '@jest/globals';
import { usualPriority } from '../../../../src/kube/client-node/call-priority.ts';

describe('the priority of a call', () => {
  it.each([
    ['update', 'certificatesigningrequests/approval', 'high'],
    ['get', 'certificatesigningrequests', 'high'],
    ['get', 'pods', 'high'],
    ['update', 'leases', 'high'],
    ['create', 'certificatesigningrequests', 'normal'],
    ['create', 'tokenreviews', 'normal'],
    ['list', 'pods', 'normal'],
    ['get', 'configmaps', 'normal'],
    ['patch', 'configmaps', 'low'],
    ['update', 'configmaps', 'low'],
    ['delete', 'certificatesigningrequests', 'low'],
    ['deletecollection', 'certificatesigningrequests', 'low'],
  ])('to %s %s is %s', (verb, resource, priority) => {
    expect(usualPriority({ verb, resource })).toBe(priority);
  });
});
