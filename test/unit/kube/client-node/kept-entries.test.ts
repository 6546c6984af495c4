import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseKeptEntry } from '../../../../src/kube/client-node/config-map-writes-adapter.ts';

const kind = { name: 'roots', key: 'root-cert.pem', labels: { 'istio.io/config': 'true' } };
const text = 'a bundle of roots\n'.repeat(10_000);

function managed(manager: string, operation: string, key = 'root-cert.pem'): unknown {
  const fieldsV1 = { 'f:data': { [`f:${key}`]: {} } };
  return { manager, operation, apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 };
}

function aConfigMap(change: object = {}, metadata: object = {}): unknown {
  return {
    metadata: {
      name: 'roots',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      labels: { 'istio.io/config': 'true', other: 'x' },
      managedFields: [managed('istio-ra', 'Apply')],
      ...metadata,
    },
    data: { 'root-cert.pem': text },
    ...change,
  };
}

describe('what is kept of a ConfigMap', () => {
  it('is where it is, its version, a hash of the entry, and whose it is', () => {
    expect(parseKeptEntry(aConfigMap(), kind)).toEqual({
      name: 'roots',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      sha256: createHash('sha256').update(text).digest('hex'),
      isLabelled: true,
      isOurs: true,
      otherManager: undefined,
      isAlone: true,
    });
  });

  it('does not grow with the text', () => {
    expect(JSON.stringify(parseKeptEntry(aConfigMap(), kind)).length).toBeLessThan(300);
  });

  it.each<[string, readonly unknown[], boolean, string | undefined]>([
    ['nobody noted', [], false, undefined],
    ['we have applied', [managed('istio-ra', 'Apply')], true, undefined],
    ['another has written', [managed('pilot', 'Update')], false, 'pilot'],
    ['both share', [managed('pilot', 'Update'), managed('istio-ra', 'Apply')], true, 'pilot'],
    ['we have only updated', [managed('istio-ra', 'Update')], false, 'istio-ra'],
    ['we have not, but another entry', [managed('istio-ra', 'Apply', 'x')], false, undefined],
  ])('of an entry that %s', (_, managedFields, isOurs, otherManager) => {
    const entry = parseKeptEntry(aConfigMap({}, { managedFields }), kind);
    expect([entry.isOurs, entry.otherManager]).toEqual([isOurs, otherManager]);
  });

  it.each<[string, object]>([
    ['text', { data: { 'root-cert.pem': text, other: 'x' } }],
    ['bytes', { binaryData: { other: 'AAE=' } }],
  ])('is not alone beside other %s', (_, change) => {
    expect(parseKeptEntry(aConfigMap(change), kind).isAlone).toBe(false);
  });

  it('has no hash where there is no such entry', () => {
    expect(parseKeptEntry(aConfigMap({ data: undefined }), kind).sha256).toBeUndefined();
  });

  it('lacks the label where its value is another', () => {
    const labels = { 'istio.io/config': 'false' };
    expect(parseKeptEntry(aConfigMap({}, { labels }), kind).isLabelled).toBe(false);
  });

  it('is nothing where there is no namespace', () => {
    expect(() => parseKeptEntry(aConfigMap({}, { namespace: '' }), kind)).toThrow('no namespace');
  });
});
