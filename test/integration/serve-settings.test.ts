import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../../src/cli/command-line.ts';

const root = join(import.meta.dirname, '../..');
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-test-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Each of these has a mistake in it, so that nothing is ever started. */
async function problemsOf(
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  let told = '';
  const status = await runCommandLine({
    arguments: ['serve', ...words],
    env,
    root,
    out: { write: () => true },
    err: { write: (text) => (told += text) },
  });
  expect(status).not.toBe(0);
  return told;
}

describe('istio-ra serve', () => {
  it('tells what is wrong with flags, variables and file at once', async () => {
    const file = join(directory, 'settings.yaml');
    await writeFile(file, 'CERT_SIGNER_DOMAIN: a.b\nCSR_APPROVAL: maybe\nmeshConfg: x\n');
    const words = ['--config', file, '--tls-min-version', 'TLSv1.0', '--log_output_level', 'x:y'];
    const told = await problemsOf(words, { PILOT_CERT_PROVIDER: 'istiod' });
    expect(told).toContain(`CSR_APPROVAL in ${file}: must be one of self, external`);
    expect(told).toContain(`meshConfg in ${file}: is not a setting; did you mean meshConfig?`);
    expect(told).toContain('--tls-min-version: must be TLSv1.2 or TLSv1.3');
    expect(told).toContain('--log_output_level: must be one of');
    expect(told).toContain('PILOT_CERT_PROVIDER: there is no CA in here that could sign');
    expect(told).not.toContain('CERT_SIGNER_DOMAIN');
  });

  it('names a settings file that is not there', async () => {
    const told = await problemsOf(['--config', join(directory, 'none.yaml')]);
    expect(told).toMatch(/cannot read the file that --config names: .*ENOENT/);
    expect(told).toContain('CERT_SIGNER_DOMAIN: set it');
  });

  it('takes the settings file that ISTIO_RA_CONFIG names, and that of --config before it', async () => {
    const [named, typed] = [join(directory, 'named.yaml'), join(directory, 'typed.yaml')];
    await writeFile(named, 'CERT_SIGNER_DOMAIN: a.b\nCSR_APPROVAL: named\n');
    await writeFile(typed, 'CERT_SIGNER_DOMAIN: a.b\nCSR_APPROVAL: typed\n');
    const env = { ISTIO_RA_CONFIG: named };
    const problem = 'must be one of self, external';
    expect(await problemsOf([], env)).toBe(`istio-ra: CSR_APPROVAL in ${named}: ${problem}\n`);
    expect(await problemsOf(['--config', typed], env)).toBe(
      `istio-ra: CSR_APPROVAL in ${typed}: ${problem}\n`,
    );
  });

  it('reads the file that ISTIO_RA_CONFIG names after variables and flags', async () => {
    const file = join(directory, 'last.yaml');
    await writeFile(file, 'CSR_APPROVAL: of-file\nhttpAddr: of-file\nPROXY_CONFIGS: of-file\n');
    const env = { ISTIO_RA_CONFIG: file, CERT_SIGNER_DOMAIN: 'a.b', CSR_APPROVAL: 'of-env' };
    const told = await problemsOf(['--httpAddr', 'typed'], env);
    const sources = [...told.matchAll(/^istio-ra: ([^:]+): /gm)].map(([, source]) => source);
    expect(sources.sort()).toEqual(['--httpAddr', 'CSR_APPROVAL', `PROXY_CONFIGS in ${file}`]);
  });

  it('names ISTIO_RA_CONFIG where its file is not there, and takes an empty one for none', async () => {
    const none = join(directory, 'none.yaml');
    const told = await problemsOf([], { ISTIO_RA_CONFIG: none });
    expect(told).toMatch(/none\.yaml: cannot read the file that ISTIO_RA_CONFIG names: .*ENOENT/);
    expect(await problemsOf([], { ISTIO_RA_CONFIG: '' })).toMatch(
      /^istio-ra: CERT_SIGNER_DOMAIN: set/,
    );
  });

  it("takes istiod's flags that mean nothing here, with and without a value", async () => {
    const words = ['--domain', 'cluster.local', '--log_as_json', '--vklog=9'];
    const more = ['--keepaliveMaxServerConnectionAge', '30m', '--ctrlz_address', 'localhost'];
    const told = await problemsOf([...words, ...more]);
    expect(told).toContain('CERT_SIGNER_DOMAIN: set it');
    expect(told).not.toMatch(/domain:|log_as_json|vklog|keepalive|ctrlz/);
  });

  it('refuses a flag that nobody has', async () => {
    await expect(problemsOf(['--signerDomian', 'x'])).resolves.toContain('--signerDomian');
  });
});
