import { describe, expect, it } from '@jest/globals';
import { functionOf, originOf } from '../../bench/profile/origin.ts';

const inFile = (url: string, functionName = 'run'): Parameters<typeof originOf>[0] => ({
  ...{ functionName, url },
  ...{ lineNumber: 41, columnNumber: 0 },
});

describe('originOf', () => {
  it.each([
    ['src/signer/approve.ts', 'src/signer'],
    ['src/kube/pod-index.ts', 'src/kube'],
    ['src/kube/client-node/transport.ts', 'src/kube/client-node'],
    ['node_modules/undici/lib/core/request.js', 'undici'],
    ['node_modules/@grpc/grpc-js/build/src/server.js', '@grpc/grpc-js'],
    ['node_modules/@peculiar/x509/node_modules/tslib/tslib.js', 'tslib'],
    ['node:internal/crypto/hash', 'node:internal/crypto'],
    ['node:net', 'node:net'],
    ['', 'native functions'],
  ])('says whose %s is', (url, origin) => {
    expect(originOf(inFile(url))).toBe(origin);
  });

  it('keeps what V8 does by itself apart', () => {
    expect(originOf(inFile('', '(garbage collector)'))).toBe('(garbage collector)');
  });

  it('knows nobody where nothing was run', () => {
    expect(originOf(inFile('', '(idle)'))).toBeUndefined();
  });
});

describe('functionOf', () => {
  it('names the function and its line as an editor counts', () => {
    expect(functionOf(inFile('src/signer/approve.ts', 'approve'))).toBe(
      'approve src/signer/approve.ts:42',
    );
  });
});
