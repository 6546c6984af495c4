import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseProxyConfig } from '../../../src/mesh/proxy-config.ts';

const metadata = {
  namespace: 'bar',
  name: 'barpc',
  uid: 'u1',
  resourceVersion: '42',
  creationTimestamp: '2026-01-01T00:00:00Z',
};

describe('parseProxyConfig', () => {
  it('reads what the reference set-up writes', () => {
    const entry = parseProxyConfig({
      metadata,
      spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: 'bar', OTHER: 'x' } },
    });
    expect(entry).toEqual({
      namespace: 'bar',
      name: 'barpc',
      uid: 'u1',
      resourceVersion: '42',
      createdAtMs: Date.UTC(2026, 0, 1),
      scope: { kind: 'namespace' },
      certSigner: 'bar',
      fault: undefined,
    });
  });

  it.each([
    ['no selector', {}, { kind: 'namespace' }],
    ['a selector of null', { selector: null }, { kind: 'namespace' }],
    ['an empty selector', { selector: {} }, { kind: 'nobody' }],
    ['no matchLabels in it', { selector: { matchLabels: {} } }, { kind: 'nobody' }],
    [
      'labels in it',
      { selector: { matchLabels: { app: 'x' } } },
      { kind: 'workloads', matchLabels: { app: 'x' } },
    ],
  ])('tells whom it is for from %s', (_, spec, scope) => {
    expect(parseProxyConfig({ metadata, spec })?.scope).toEqual(scope);
  });

  it.each([
    ['no spec', undefined],
    ['no variables', {}],
    ['no such variable', { environmentVariables: { OTHER: 'x' } }],
    ['an empty variable', { environmentVariables: { ISTIO_META_CERT_SIGNER: '' } }],
  ])('names no signer with %s, which is no fault', (_, spec) => {
    const entry = parseProxyConfig({ metadata, spec });
    expect([entry?.certSigner, entry?.fault]).toEqual([undefined, undefined]);
  });

  it.each([
    ['spec is not a mapping', []],
    ['spec.selector is not a mapping', { selector: 'app' }],
    ['spec.selector.matchLabels is not a mapping', { selector: { matchLabels: ['app'] } }],
    ['holds what is not a label', { selector: { matchLabels: { app: 7 } } }],
    ['holds what is not a label', { selector: { matchLabels: { app: 'x'.repeat(318) } } }],
    [
      'more than 32 labels',
      { selector: { matchLabels: Object.fromEntries(Array.from(Array(33), (_, i) => [i, 'x'])) } },
    ],
  ])('takes one whose selector cannot be read (%s) for all pods there', (fault, spec) => {
    const entry = parseProxyConfig({ metadata, spec });
    expect(entry).toMatchObject({
      scope: { kind: 'workloads', matchLabels: {} },
      certSigner: undefined,
      fault: expect.stringContaining(fault),
    });
  });

  it.each([7, ['bar'], {}, true, 'x'.repeat(572)])(
    'marks one whose signer is %j, and knows whom it is for',
    (value) => {
      const spec = { environmentVariables: { ISTIO_META_CERT_SIGNER: value } };
      expect(parseProxyConfig({ metadata, spec })).toMatchObject({
        scope: { kind: 'namespace' },
        certSigner: undefined,
        fault: 'spec.environmentVariables.ISTIO_META_CERT_SIGNER cannot be a signer',
      });
    },
  );

  it('marks one whose variables are no mapping', () => {
    const entry = parseProxyConfig({ metadata, spec: { environmentVariables: 'x' } });
    expect(entry?.fault).toBe('spec.environmentVariables is not a mapping');
  });

  it.each([undefined, 'yesterday', 7])('takes creation time %j for the oldest', (time) => {
    const entry = parseProxyConfig({ metadata: { ...metadata, creationTimestamp: time } });
    expect(entry?.createdAtMs).toBe(0);
  });

  it('takes a creation time that a client made a Date of', () => {
    const time = new Date(5000);
    const entry = parseProxyConfig({ metadata: { ...metadata, creationTimestamp: time } });
    expect(entry?.createdAtMs).toBe(5000);
  });

  it('is not fooled by names that objects have anyway', () => {
    const spec = JSON.parse('{"selector":{"matchLabels":{"__proto__":"x"}}}') as unknown;
    const entry = parseProxyConfig({ metadata, spec });
    expect(JSON.stringify(entry?.scope)).toBe(
      '{"kind":"workloads","matchLabels":{"__proto__":"x"}}',
    );
  });

  it('makes nothing of what has no namespace or name, and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (value, spec) => {
        expect(parseProxyConfig(value)).toBeUndefined();
        expect(parseProxyConfig({ metadata, spec })?.name).toBe('barpc');
      }),
      { numRuns: 300 },
    );
  });
});
