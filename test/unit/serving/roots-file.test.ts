import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openServingCertificateSource } from '../../../src/serving/server-credentials.ts';
import { openRootsFile } from '../../../src/serving/roots-file.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeSigningRequests } from '../../support/fake-signing-requests.ts';
import { aMesh } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { servingPair } from '../../support/serving-pairs.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const start = new FakeClock().now();
const setting = '--caCertFile';
let directory: string;
let file: string;
let one: TestAuthority;
let two: TestAuthority;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'serving-roots-'));
  file = path.join(directory, 'ca.crt');
  one = await TestAuthority.make('one', start);
  two = await TestAuthority.make('two', start);
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function open(text: string) {
  const [clock, log] = [new FakeClock(), new RecordingLogger()];
  await writeFile(file, text);
  const roots = await openRootsFile(file, { setting, clock, log });
  const pems = (): readonly string[] => roots.current().map(({ pem }) => pem);
  return { roots, clock, pems };
}

describe('further roots', () => {
  it('are none without a file', async () => {
    const edges = { clock: new FakeClock(), log: new RecordingLogger() };
    const roots = await openRootsFile(undefined, { ...edges, setting });

    expect(roots.current()).toEqual([]);
    await roots.stop();
  });

  it('are those of the file, each once', async () => {
    const text = [one, two, one].map(({ certificatePem }) => certificatePem).join('# again\n');
    const { roots, pems } = await open(text);

    expect(pems()).toEqual([one.certificatePem, two.certificatePem]);
    await roots.stop();
  });

  it('follow the file, and stay while it cannot be used', async () => {
    const { roots, clock, pems } = await open(one.certificatePem);
    for (const [text, expected] of [
      ['nonsense', one],
      [two.certificatePem, two],
    ] as const) {
      await writeFile(file, text);
      await clock.advance(2_000);
      // Reading the file is not of the fake clock: the next timer is set when it is over.
      while (clock.pendingTimers === 0) await pause(1);
      expect(pems()).toEqual([expected.certificatePem]);
    }
    await roots.stop();
  });

  it('that are no roots are an error that names the flag', async () => {
    const { certificateChainPem } = await servingPair(one, start);

    await expect(open(one.certificatePem + certificateChainPem)).rejects.toThrow(
      'cannot use the file that --caCertFile names: certificate 2 is not a CA certificate',
    );
    await expect(open('')).rejects.toThrow('--caCertFile names: the bundle holds no certificate');
  });

  it('whose file is missing are an error that names the flag', async () => {
    const edges = { clock: new FakeClock(), log: new RecordingLogger() };

    await expect(openRootsFile(`${file}.missing`, { ...edges, setting })).rejects.toThrow(
      '--caCertFile',
    );
  });
});

describe('no serving certificate', () => {
  it('is ready as it is: somebody else ends TLS', async () => {
    const source = await openServingCertificateSource(
      { kind: 'none' },
      {
        ...{ requests: new FakeSigningRequests(), mesh: { current: () => aMesh() } },
        ...{ approval: 'self', clock: new FakeClock(), random: () => 0 },
        log: new RecordingLogger(),
      },
    );

    expect([source.current(), source.notAfter, source.notReadyBecause()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await source.stop();
  });
});
