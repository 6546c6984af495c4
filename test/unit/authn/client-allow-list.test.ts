import { describe, expect, it } from '@jest/globals';
import { ClientAllowList } from '../../../src/authn/client-allow-list.ts';
import { parseSpiffeId } from '../../../src/pki/spiffe-id.ts';

const httpbin = 'spiffe://example.com/ns/foo/sa/httpbin';

function allows(entries: readonly string[], uri: string): boolean {
  return new ClientAllowList(entries).includes(parseSpiffeId(uri));
}

describe('ClientAllowList', () => {
  it('allows an identity that is named', () => {
    expect(allows([httpbin], httpbin)).toBe(true);
  });

  it.each([
    'spiffe://example.com/ns/foo/sa/httpbin2',
    'spiffe://example.com/ns/foo2/sa/httpbin',
    'spiffe://other.com/ns/foo/sa/httpbin',
  ])('does not allow %s for its neighbour', (uri) => {
    expect(allows([httpbin], uri)).toBe(false);
  });

  it('allows every account of a namespace that is named', () => {
    expect(allows(['ns/foo/*'], httpbin)).toBe(true);
  });

  it.each(['foo2', 'fo', 'a-foo', 'bar'])(
    'does not allow namespace %s for ns/foo/*',
    (namespace) => {
      expect(allows(['ns/foo/*'], `spiffe://example.com/ns/${namespace}/sa/httpbin`)).toBe(false);
    },
  );

  it('is empty only without entries', () => {
    expect(new ClientAllowList([]).isEmpty).toBe(true);
    expect(new ClientAllowList(['ns/foo/*']).isEmpty).toBe(false);
    expect(new ClientAllowList([httpbin]).isEmpty).toBe(false);
  });

  it.each([
    '',
    '*',
    'foo',
    'ns/*/*',
    'ns/*',
    'ns/fo*/*',
    'ns//*',
    'ns/Foo/*',
    'ns/foo/sa/*',
    'ns/foo/*/x',
    'ns/foo/sa/httpbin',
    'spiffe://example.com/ns/foo/*',
    'spiffe://example.com/*',
    'spiffe://example.com/ns/foo/sa/*',
    'spiffe://example.com/ns/foo/sa/httpbin ',
    '^spiffe://.*$',
  ])('refuses the entry "%s"', (entry) => {
    expect(() => new ClientAllowList([entry])).toThrow('is neither');
  });
});
