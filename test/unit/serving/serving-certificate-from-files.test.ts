import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServingCertificateFromFiles } from '../../../src/serving/serving-certificate-from-files.ts';
import type { ServedCertificate } from '../../../src/serving/serving-certificate-source.ts';
import type { ServingIdentity } from '../../../src/server/credentials.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { servingNames, servingPair } from '../../support/serving-pairs.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const start = new FakeClock().now();
const dayMs = 86_400_000;
let authority: TestAuthority;
let one: ServingIdentity;
let two: ServingIdentity;
let directory: string;
let files: ServingCertificateFromFiles | undefined;

beforeAll(async () => {
  authority = await TestAuthority.make('root', start);
  one = await servingPair(authority, start);
  two = await servingPair(authority, start);
});
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'serving-files-'));
});
afterEach(async () => {
  await files?.stop();
  files = undefined;
  await rm(directory, { recursive: true });
});

const certFile = (): string => path.join(directory, 'tls.crt');
const keyFile = (): string => path.join(directory, 'tls.key');

async function write({ certificateChainPem, privateKeyPem }: ServingIdentity): Promise<void> {
  await writeFile(certFile(), certificateChainPem);
  await writeFile(keyFile(), privateKeyPem);
}

async function open() {
  const [clock, log] = [new FakeClock(), new RecordingLogger()];
  const opened = await ServingCertificateFromFiles.open({
    ...{ certFile: certFile(), keyFile: keyFile(), clock, log },
  });
  files = opened;
  const taken: ServedCertificate[] = [];
  opened.onChange((certificate) => taken.push(certificate));
  /** Reading files is not of the fake clock: the next timer is set when it is over. */
  const look = async (): Promise<void> => {
    await clock.advance(2_000);
    while (clock.pendingTimers === 0) await pause(1);
  };
  const warnings = (): readonly string[] =>
    log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => String(fields['error']));
  return { opened, clock, log, look, taken, warnings };
}

describe('the serving certificate from files', () => {
  it('is there once it is open, with its dates and names', async () => {
    await write(one);
    const { opened } = await open();

    expect(opened.current()).toMatchObject({ ...one, dnsNames: servingNames });
    expect(opened.notAfter).toBe(start + 30 * dayMs);
    expect(opened.notReadyBecause()).toBeUndefined();
  });

  it('is replaced when both files have changed', async () => {
    await write(one);
    const { opened, look, taken, warnings } = await open();
    await write(two);
    await look();
    await look();

    expect(opened.current()).toMatchObject(two);
    expect(taken).toEqual([opened.current()]);
    expect(warnings()).toEqual([]);
  });

  it('stays while only one of the files has changed, with one warning', async () => {
    await write(one);
    const { opened, look, warnings } = await open();
    await writeFile(certFile(), two.certificateChainPem);
    await look();
    await look();
    expect(opened.current()).toMatchObject(one);
    expect(warnings()).toEqual(['Error: the key is not the key of the certificate']);

    await writeFile(keyFile(), two.privateKeyPem);
    await look();

    expect(opened.current()).toMatchObject(two);
  });

  it('follows the symbolic link that Kubernetes exchanges', async () => {
    const mount = async (name: string, pair: ServingIdentity): Promise<void> => {
      await mkdir(path.join(directory, name));
      await writeFile(path.join(directory, name, 'tls.crt'), pair.certificateChainPem);
      await writeFile(path.join(directory, name, 'tls.key'), pair.privateKeyPem);
      await symlink(name, path.join(directory, '..data_tmp'));
      await rename(path.join(directory, '..data_tmp'), path.join(directory, '..data'));
    };
    await mount('..1', one);
    await symlink('..data/tls.crt', certFile());
    await symlink('..data/tls.key', keyFile());
    const { opened, look } = await open();
    await mount('..2', two);
    await rm(path.join(directory, '..1'), { recursive: true });
    await look();

    expect(opened.current()).toMatchObject(two);
  });

  it.each([
    [
      'half a certificate',
      () => ({ ...two, certificateChainPem: two.certificateChainPem.slice(0, 99) }),
    ],
    ['no key', () => ({ ...two, privateKeyPem: '' })],
  ])('stays while the files hold %s', async (_what, broken) => {
    await write(one);
    const { opened, look, warnings } = await open();
    await write(broken());
    await look();

    expect(opened.current()).toMatchObject(one);
    expect(warnings()).toHaveLength(1);
  });

  it('stays when a file has gone', async () => {
    await write(one);
    const { opened, look, warnings } = await open();
    await rm(keyFile());
    await look();

    expect(opened.current()).toMatchObject(one);
    expect(warnings()[0]).toContain('--tlsKeyFile');
  });

  it('is not ready once it has expired', async () => {
    await write(one);
    const { opened, clock } = await open();
    // What is looked at is the clock alone: the files are left in peace.
    await opened.stop();
    await clock.advance(30 * dayMs);
    expect(opened.notReadyBecause()).toBeUndefined();
    await clock.advance(1);

    const until = new Date(start + 30 * dayMs).toISOString();
    expect(opened.notReadyBecause()).toBe(`the serving certificate expired at ${until}`);
  });

  it('is not replaced by one that has expired', async () => {
    await write(one);
    const { opened, look, warnings } = await open();
    await write(await servingPair(authority, start - 40 * dayMs));
    await look();

    expect(opened.current()).toMatchObject(one);
    expect(warnings()).toEqual(['Error: the certificate in the files has expired']);
  });

  it('may have expired at the start, and is then not ready until the next', async () => {
    await write(await servingPair(authority, start - 40 * dayMs));
    const { opened, look } = await open();
    expect(opened.notReadyBecause()).toContain('expired');

    await write(two);
    await look();

    expect(opened.notReadyBecause()).toBeUndefined();
  });

  it('without a DNS name is warned about', async () => {
    const uris = ['spiffe://cluster.local/ns/mesh/sa/istiod'];
    await write(await servingPair(authority, start, { dnsNames: [], uris }));
    const { log } = await open();

    expect(log.lines.map(({ message }) => message)).toEqual([
      'the serving certificate has no DNS name, so that clients will not accept it',
    ]);
  });

  it('that a listener cannot use is reported, and keeps no other from it', async () => {
    await write(one);
    const { opened, look, log } = await open();
    const seen: unknown[] = [];
    opened.onChange(() => {
      throw new Error('no use');
    });
    opened.onChange((certificate) => seen.push(certificate));
    await write(two);
    await look();

    expect(seen).toHaveLength(1);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('opening the files', () => {
  it('fails naming the flag of the one that is missing', async () => {
    await expect(open()).rejects.toThrow('cannot read the file that --tlsCertFile names');

    await writeFile(certFile(), one.certificateChainPem);
    await expect(open()).rejects.toThrow('cannot read the file that --tlsKeyFile names');
  });

  it('fails when they do not fit together', async () => {
    await write({ ...one, privateKeyPem: two.privateKeyPem });

    await expect(open()).rejects.toThrow('the key is not the key of the certificate');
  });

  it('never tells the text of a key that cannot be read', async () => {
    await write({ ...one, privateKeyPem: 'hunter2' });

    await expect(open()).rejects.toThrow(
      /^cannot use the files that --tlsCertFile and --tlsKeyFile name: the key cannot be read: an unencrypted private key in PEM is needed$/,
    );
  });
});
