import { describe, expect, it } from '@jest/globals';
import { decodeProtobuf } from '../../../src/sandbox/kubernetes-protobuf.ts';
import { refusalOf } from './api-world.ts';

type Part = readonly [number: number, value: string | number | readonly Part[]];

function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) | 128);
    if (rest < 128) return Buffer.from(bytes);
  }
}

function encode(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint(number * 8), varint(value)];
      const content = typeof value === 'string' ? Buffer.from(value) : encode(value);
      return [varint(number * 8 + 2), varint(content.length), content];
    }),
  );
}

function body(apiVersion: string, kind: string, message: readonly Part[]): Buffer {
  const type: readonly Part[] = [
    [1, apiVersion],
    [2, kind],
  ];
  return Buffer.concat([
    Buffer.from('k8s\0'),
    encode([
      [1, type],
      [2, message],
    ]),
  ]);
}

describe('decodeProtobuf', () => {
  it('reads what kubectl sends to approve', () => {
    const metadata: Part = [
      1,
      [
        [1, 'a'],
        [3, ''],
        [6, '12'],
        [8, [[1, Date.UTC(2026, 0, 1) / 1000]]],
        [
          11,
          [
            [1, 'app'],
            [2, 'x'],
          ],
        ],
        [
          11,
          [
            [1, 'v'],
            [2, ''],
          ],
        ],
      ],
    ];
    const spec: Part = [
      2,
      [
        [1, 'pem'],
        [5, 'client auth'],
        [5, 'server auth'],
        [7, 'a.b/c'],
        [8, 3600],
      ],
    ];
    const status: Part = [
      3,
      [
        [
          1,
          [
            [1, 'Approved'],
            [2, 'r'],
            [6, 'True'],
            [4, []],
          ],
        ],
      ],
    ];
    const decoded = decodeProtobuf(
      body('certificates.k8s.io/v1', 'CertificateSigningRequest', [metadata, spec, status]),
    );
    expect(decoded).toEqual({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: {
        name: 'a',
        resourceVersion: '12',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { app: 'x', v: '' },
      },
      spec: {
        request: Buffer.from('pem').toString('base64'),
        usages: ['client auth', 'server auth'],
        signerName: 'a.b/c',
        expirationSeconds: 3600,
      },
      status: { conditions: [{ type: 'Approved', reason: 'r', status: 'True' }] },
    });
  });

  it('reads the options of a deletion', () => {
    const decoded = decodeProtobuf(
      body('v1', 'DeleteOptions', [
        [2, [[1, 'uid']]],
        [1, 0],
      ]),
    );
    expect(decoded).toMatchObject({ preconditions: { uid: 'uid' }, gracePeriodSeconds: 0 });
  });

  it('knows no type in an empty envelope: 415', () => {
    expect(refusalOf(() => decodeProtobuf(Buffer.from('k8s\0'))).code).toBe(415);
  });

  it('does not know every type: 415', () => {
    expect(refusalOf(() => decodeProtobuf(body('v1', 'Pod', []))).code).toBe(415);
  });

  it.each([
    ['no envelope', Buffer.from('{}')],
    ['an envelope that is cut off', body('v1', 'ConfigMap', [[1, [[1, 'x']]]]).subarray(0, -2)],
    ['an endless number', Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(20, 0xff)])],
  ])('refuses %s with 400', (_, bytes) => {
    expect(refusalOf(() => decodeProtobuf(bytes)).code).toBe(400);
  });
});
