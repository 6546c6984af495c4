import { describe, expect, it } from '@jest/globals';
import { parseDebianLock } from '../../../scripts/image/debian-lock.ts';

const sha256 = 'a'.repeat(64);
const pin = { name: 'libc6', version: '2.36-9+deb12u14', sha256 };
const lock = {
  release: 'bookworm',
  packages: ['libc6'],
  dependencies: false,
  locked: { amd64: [pin], arm64: [{ ...pin, version: '1:2.0~rc1-1+b2' }] },
};
const parse = (value: unknown): unknown => parseDebianLock(JSON.stringify(value), 'the.lock');

describe('a lock of Debian packages', () => {
  it('has a request and what follows from it for each architecture', () => {
    const { locked, ...request } = lock;
    expect(parse(lock)).toEqual({ request, locked });
  });

  it.each([
    ['a list', [], 'a lock is an object'],
    ['no release', { ...lock, release: 12 }, 'release is the codename'],
    ['no packages', { ...lock, packages: [] }, 'packages is a list of names'],
    [
      'a name that apt would take for an option',
      { ...lock, packages: ['-y'] },
      'packages is a list',
    ],
    ['a name in upper case', { ...lock, packages: ['Libc6'] }, 'packages is a list of names'],
    ['a text for dependencies', { ...lock, dependencies: 'no' }, 'dependencies is true or false'],
    ['nothing locked', { ...lock, locked: undefined }, 'locked has a list of packages'],
    ['one architecture', { ...lock, locked: { amd64: [pin] } }, 'locked.arm64 lists name'],
    ['a short hash', lockedAs({ sha256: 'abc' }), 'locked.amd64 lists name, version and sha256'],
    ['a version with a space', lockedAs({ version: '1 2' }), 'locked.amd64 lists name, version'],
    ['a name that is a path', lockedAs({ name: '../x' }), 'locked.amd64 lists name, version'],
  ])('is refused with %s', (_, value, reason) => {
    expect(() => parse(value)).toThrow(`the.lock: ${reason}`);
  });

  it('is refused where it is no JSON', () => {
    expect(() => parseDebianLock('{', 'the.lock')).toThrow('the.lock is not JSON');
  });
});

function lockedAs(change: Readonly<Record<string, string>>): unknown {
  return { ...lock, locked: { ...lock.locked, amd64: [{ ...pin, ...change }] } };
}
