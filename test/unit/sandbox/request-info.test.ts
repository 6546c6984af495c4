import { describe, expect, it } from '@jest/globals';
import { requestInfoOf } from '../../../src/sandbox/request-info.ts';

const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

describe('requestInfoOf', () => {
  it.each([
    ['GET', '/api/v1/pods', { verb: 'list', plural: 'pods', namespace: undefined }],
    ['GET', '/api/v1/namespaces', { verb: 'list', plural: 'namespaces' }],
    ['GET', '/api/v1/namespaces/foo', { verb: 'get', plural: 'namespaces', name: 'foo' }],
    ['PUT', '/api/v1/namespaces/foo/status', { plural: 'namespaces', subresource: 'status' }],
    ['GET', '/api/v1/namespaces/foo/pods', { verb: 'list', plural: 'pods', namespace: 'foo' }],
    ['GET', '/api/v1/namespaces/foo/pods/a', { verb: 'get', name: 'a', namespace: 'foo' }],
    [
      'POST',
      '/api/v1/namespaces/foo/serviceaccounts/a/token',
      { verb: 'create', subresource: 'token' },
    ],
    ['PUT', `${csrs}/a/approval`, { verb: 'update', name: 'a', subresource: 'approval' }],
    ['PATCH', `${csrs}/a%3Ab`, { verb: 'patch', name: 'a:b' }],
    ['DELETE', `${csrs}/a`, { verb: 'delete' }],
    ['DELETE', csrs, { verb: 'deletecollection' }],
    ['GET', `${csrs}?watch=true`, { verb: 'watch' }],
    ['GET', `${csrs}?watch=0`, { verb: 'list' }],
    ['GET', `${csrs}?watch=1&fieldSelector=metadata.name%3Da`, { verb: 'watch', name: 'a' }],
    ['GET', '/apis/certificates.k8s.io/v1/none', { verb: 'list', definition: undefined }],
    ['GET', '/apis/certificates.k8s.io/v2/certificatesigningrequests', { definition: undefined }],
    ['GET', '/readyz', { kind: 'path', verb: 'get', path: '/readyz' }],
    ['GET', '/apis/certificates.k8s.io/v1', { kind: 'path' }],
  ])('reads %s %s', (method, path, expected) => {
    expect(requestInfoOf(method, new URL(path, 'https://sandbox'))).toMatchObject(expected);
  });
});
