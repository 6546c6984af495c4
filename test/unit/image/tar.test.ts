import { describe, expect, it } from '@jest/globals';
import { readTar } from '../../../scripts/image/tar-reader.ts';
import { padding, tarEnd, tarHeader } from '../../../scripts/image/tar-writer.ts';
import type { TarEntry } from '../../../scripts/image/tar-writer.ts';

const owner = { mode: 0o644, uid: 0, gid: 0 };

function file(path: string, text: string, more: Partial<TarEntry> = {}): Buffer {
  const bytes = Buffer.from(text);
  const what = { kind: 'file', size: bytes.length } as const;
  return Buffer.concat([
    tarHeader({ ...owner, path, what, ...more }),
    bytes,
    padding(bytes.length),
  ]);
}

const archive = (...members: readonly Buffer[]): Buffer => Buffer.concat([...members, tarEnd()]);

describe('a tar archive', () => {
  it('has files with their mode and owner', () => {
    const [member] = readTar(
      archive(file('etc/name', 'text', { mode: 0o4755, uid: 65532, gid: 7 })),
    );
    expect(member).toEqual({
      ...{ path: 'etc/name', mode: 0o4755, uid: 65532, gid: 7 },
      what: { kind: 'file', bytes: Buffer.from('text') },
    });
  });

  it('has folders and links', () => {
    const folder = tarHeader({ ...owner, path: 'usr/bin', what: { kind: 'folder' } });
    const link = tarHeader({ ...owner, path: 'bin', what: { kind: 'link', target: 'usr/bin' } });
    expect(readTar(archive(folder, link)).map(({ path, what }) => ({ path, what }))).toEqual([
      { path: 'usr/bin', what: { kind: 'folder' } },
      { path: 'bin', what: { kind: 'link', target: 'usr/bin' } },
    ]);
  });

  it.each([99, 100, 101, 130, 254, 255, 256, 985, 986, 987, 2000])(
    'has a path of %d bytes whole',
    (length) => {
      const path = 'a'.repeat(length);
      const members = readTar(archive(file(path, '1'), file('next', '2')));
      expect(members.map((member) => member.path)).toEqual([path, 'next']);
    },
  );

  it('has a path whole that is not ASCII, and a long target of a link', () => {
    const target = `/${'ü'.repeat(80)}`;
    const link = tarHeader({ ...owner, path: 'Zürich', what: { kind: 'link', target } });
    expect(readTar(archive(link))).toMatchObject([
      { path: 'Zürich', what: { kind: 'link', target } },
    ]);
  });

  it('says nothing of the time', () => {
    expect(
      tarHeader({ ...owner, path: 'x', what: { kind: 'folder' } }).toString('latin1', 136, 147),
    ).toBe('00000000000');
  });

  it('is refused where a byte of a header has changed', () => {
    const damaged = archive(file('name', 'text'));
    damaged[3] = 0x58;
    expect(() => readTar(damaged)).toThrow('the tar archive is damaged at byte 0');
  });

  it('is refused where it ends within a file or before its end', () => {
    const whole = archive(file('name', 'x'.repeat(600)));
    expect(() => readTar(whole.subarray(0, 1024))).toThrow('the tar archive ends within name');
    expect(() => readTar(whole.subarray(0, 1536))).toThrow('the tar archive has no end');
  });

  it('is refused where a path leaves its folder', () => {
    expect(() => readTar(archive(file('../etc/passwd', 'x')))).toThrow(
      'the tar archive has a path with "..": ../etc/passwd',
    );
  });

  it('is refused where a device is in it', () => {
    const header = tarHeader({ ...owner, path: 'dev/sda', what: { kind: 'file', size: 0 } });
    header.write('4', 156, 'latin1');
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    header.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
    expect(() => readTar(archive(header))).toThrow(
      'dev/sda is of a type that no image of ours takes',
    );
  });
});
