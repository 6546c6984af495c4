import { describe, expect, it } from '@jest/globals';
import { parseSignerName, signerUnder } from '../../../src/mesh/signer-name.ts';

const domain = 'clusterissuers.cert-manager.io';

describe('signerUnder', () => {
  it.each(['foo', 'istio-system', 'a.b.c', 'my-ns.my-issuer', '0'])('accepts %s', (path) => {
    expect(signerUnder(domain, path)).toBe(`${domain}/${path}`);
  });

  it('accepts a path of 317 characters and no more', () => {
    const path = `${'a'.repeat(63)}.`.repeat(4) + 'a'.repeat(61);
    expect(path).toHaveLength(317);
    expect(signerUnder(domain, path)).toHaveLength(domain.length + 318);
    expect(() => signerUnder(domain, `${path}a`)).toThrow('DNS labels');
  });

  it.each([
    '',
    'a/b',
    '../x',
    'bar ',
    ' bar',
    'BAR',
    'a..b',
    '.a',
    'a.',
    '-a',
    'a-',
    'a_b',
    'ä',
    'a\n',
  ])('refuses "%s"', (path) => {
    expect(() => signerUnder(domain, path)).toThrow('DNS labels');
  });

  it.each(['kubernetes.io', 'foo.kubernetes.io'])('never uses %s', (forbidden) => {
    expect(() => signerUnder(forbidden, 'kubelet-serving')).toThrow('mint cluster credentials');
  });

  it('is not fooled by a domain that only looks alike', () => {
    expect(signerUnder('notkubernetes.io', 'x')).toBe('notkubernetes.io/x');
  });
});

describe('parseSignerName', () => {
  it('reads a full name', () => {
    expect(parseSignerName('issuers.cert-manager.io/ns.name')).toBe(
      'issuers.cert-manager.io/ns.name',
    );
  });

  it.each(['', 'foo', 'foo/bar', 'a.b/c/d', '/x', 'a.b/', `a.b/${'x'.repeat(600)}`])(
    'refuses "%s"',
    (text) => {
      expect(() => parseSignerName(text)).toThrow();
    },
  );
});
