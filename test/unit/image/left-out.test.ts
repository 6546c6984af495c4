import { describe, expect, it } from '@jest/globals';
import { isLeftOut, programs } from '../../../scripts/image/left-out.ts';

describe('what is left out of an image', () => {
  it.each(['/usr/share/man/man1/x.1.gz', '/usr/share/man', '/usr/share/doc/libc6/NEWS.gz'])(
    'is %s',
    (path) => {
      expect(isLeftOut(path, [])).toBe(true);
    },
  );

  it.each([
    '/usr/share/doc/libc6/copyright',
    '/usr/share/doc/libc6',
    '/usr/share/manual',
    '/usr/bin/bash',
    '/etc/issue',
  ])('is not %s', (path) => {
    expect(isLeftOut(path, [])).toBe(false);
  });

  it('is a program too where an image has no shell', () => {
    expect(isLeftOut('/usr/bin/bash', programs)).toBe(true);
    expect(isLeftOut('/etc/issue', programs)).toBe(true);
    expect(isLeftOut('/etc/issuer', programs)).toBe(false);
  });
});
