import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  SpiffeIdError,
  parseMeshTrustDomain,
  parseSpiffeId,
  parseTrustDomain,
  workloadId,
} from '../../../src/pki/spiffe-id.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { expectProperty } from '../../support/expect-property.ts';

const label63 = 'a'.repeat(63);

describe('a trust domain', () => {
  it.each(['cluster.local', 'td', 'a.b-c.d0', '10.0.0.1', `${label63}.x`, 'cluster.local.'])(
    'may be %s',
    (text) => {
      expect(parseTrustDomain(text)).toBe(text);
    },
  );

  it.each(
    [
      ['', '.', '..', 'a..b', '-a', 'a-', '.a', 'a_b', 'Cluster.Local', 'a b', 'a/b', 'a:1', 'a@b'],
      ['a%2e', 'ä', '[::1]', 'a\n', `${'a.'.repeat(127)}a`],
    ].flat(),
  )('may not be %j', (text) => {
    expect(thrownBy(() => parseTrustDomain(text))).toMatchObject({ reason: 'trust_domain' });
  });

  it('from the mesh config has dots for at signs', () => {
    expect(parseMeshTrustDomain('svc@project@corp.example')).toBe('svc.project.corp.example');
    expect(() => parseMeshTrustDomain('@')).toThrow(SpiffeIdError);
  });
});

describe('a SPIFFE id', () => {
  const uri = 'spiffe://cluster.local/ns/foo/sa/httpbin';

  it('is taken apart into its names', () => {
    expect(parseSpiffeId(uri)).toEqual({
      ...{ trustDomain: 'cluster.local', namespace: 'foo', serviceAccount: 'httpbin', uri },
    });
  });

  it('is put together from its names', () => {
    const trustDomain = parseTrustDomain('cluster.local');
    const id = workloadId({ trustDomain, namespace: 'foo', serviceAccount: 'a.b-c' });
    expect(id.uri).toBe('spiffe://cluster.local/ns/foo/sa/a.b-c');
    expect(Object.isFrozen(id)).toBe(true);
  });

  it.each([
    ['upper-case scheme', 'SPIFFE://cluster.local/ns/foo/sa/httpbin', 'shape'],
    ['another scheme', 'https://cluster.local/ns/foo/sa/httpbin', 'shape'],
    ['no scheme', '//cluster.local/ns/foo/sa/httpbin', 'shape'],
    ['upper-case trust domain', 'spiffe://Cluster.local/ns/foo/sa/httpbin', 'trust_domain'],
    ['upper-case NS', 'spiffe://cluster.local/NS/foo/sa/httpbin', 'shape'],
    ['upper-case namespace', 'spiffe://cluster.local/ns/Foo/sa/httpbin', 'namespace'],
    ['trailing slash', `${uri}/`, 'shape'],
    ['further segment', `${uri}/x`, 'shape'],
    ['missing segment', 'spiffe://cluster.local/ns/foo/sa', 'shape'],
    ['swapped segments', 'spiffe://cluster.local/sa/foo/ns/httpbin', 'shape'],
    ['double slash', 'spiffe://cluster.local//ns/foo/sa/httpbin', 'shape'],
    ['dot segment', 'spiffe://cluster.local/ns/./sa/httpbin', 'namespace'],
    ['two-dot segment', 'spiffe://cluster.local/ns/foo/sa/..', 'service_account'],
    ['empty namespace', 'spiffe://cluster.local/ns//sa/httpbin', 'namespace'],
    ['empty service account', 'spiffe://cluster.local/ns/foo/sa/', 'service_account'],
    ['empty trust domain', 'spiffe:///ns/foo/sa/httpbin', 'trust_domain'],
    ['escape', 'spiffe://cluster.local/ns/f%6fo/sa/httpbin', 'namespace'],
    ['query', `${uri}?q`, 'service_account'],
    ['fragment', `${uri}#f`, 'service_account'],
    ['user', 'spiffe://user@cluster.local/ns/foo/sa/httpbin', 'trust_domain'],
    ['port', 'spiffe://cluster.local:443/ns/foo/sa/httpbin', 'trust_domain'],
    ['address', 'spiffe://[::1]/ns/foo/sa/httpbin', 'trust_domain'],
    ['comma', `${uri},${uri}`, 'shape'],
    ['newline', `${uri}\n`, 'service_account'],
    ['NUL', `${uri}\0`, 'service_account'],
    ['homoglyph', uri.replace('httpbin', 'httрbin'), 'service_account'],
    ['space in front', ` ${uri}`, 'shape'],
    ['dotted namespace', 'spiffe://cluster.local/ns/a.b/sa/httpbin', 'namespace'],
    ['long namespace', `spiffe://cluster.local/ns/${label63}a/sa/httpbin`, 'namespace'],
    ['long service account', `spiffe://td/ns/foo/sa/${'a'.repeat(254)}`, 'service_account'],
    ['2 KiB', uri.padEnd(2049, 'x'), 'too_long'],
    ['nothing', '', 'shape'],
  ])('is refused with: %s', (_, text, reason) => {
    expect(thrownBy(() => parseSpiffeId(text))).toMatchObject({ name: 'SpiffeIdError', reason });
  });

  it('takes the longest names that Kubernetes allows', () => {
    const longest = `spiffe://td/ns/${label63}/sa/${'a'.repeat(253)}`;
    expect(parseSpiffeId(longest).uri).toBe(longest);
  });

  it('has one spelling: what is taken comes out as it went in', () => {
    const segment = fc.oneof(fc.constantFrom('ns', 'sa', 'foo', '.', '..', ''), fc.string());
    expectProperty(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const text = ['spiffe:/', ...segments].join('/');
        const id = thrownBy(() => parseSpiffeId(text)) ?? parseSpiffeId(text);
        return id instanceof SpiffeIdError || (id as { uri: string }).uri === text;
      }),
    );
  });
});
