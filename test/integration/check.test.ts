import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { CheckResult } from '../../src/check/check.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { meshConfigYaml, seedSandbox, signerDomain } from '../../src/cli/sandbox-fixtures.ts';
import { registrationAuthorityRules } from '../../src/sandbox/registration-authority-role.ts';
import { registrationAuthorityAccount, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

const root = join(import.meta.dirname, '../..');
const names = ['istio-system', 'foo', 'bar'].map((name) => `${signerDomain}/${name}`);

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly CheckResult[];
}

let sandbox: Sandbox;
let directory: string;

async function start(options: { readonly meshConfig?: (text: string) => string } = {}) {
  sandbox = await startSandbox({ clock: systemClock, log: silentLogger });
  seedSandbox(sandbox);
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-check-'));
  const mesh = meshConfigYaml(sandbox.signers);
  await writeFile(join(directory, 'mesh.yaml'), options.meshConfig?.(mesh) ?? mesh);
  await useAccount(registrationAuthorityAccount);
}

async function useAccount(user: Parameters<Sandbox['kubeconfig']>[0]): Promise<void> {
  await writeFile(join(directory, 'kubeconfig'), sandbox.kubeconfig(user));
}

async function run(...words: readonly string[]): Promise<Ran> {
  const written = { out: '', err: '' };
  const status = await runCommandLine({
    arguments: [
      ...['check', '--kubeconfig', join(directory, 'kubeconfig')],
      ...['--meshConfig', join(directory, 'mesh.yaml'), ...words],
    ],
    env: { CERT_SIGNER_DOMAIN: signerDomain },
    root,
    out: { write: (text) => (written.out += text) },
    err: { write: (text) => (written.err += text) },
  });
  return { status, ...written };
}

async function report(...words: readonly string[]): Promise<Report & Pick<Ran, 'status'>> {
  const { status, out } = await run('-o', 'json', ...words);
  return { status, ...(JSON.parse(out) as Report) };
}

function failures({ checks }: Report): readonly CheckResult[] {
  return checks.filter(({ verdict, severity }) => verdict === 'failed' && severity === 'error');
}

afterEach(async () => {
  await sandbox.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('istio-ra check', () => {
  it('finds no error where all is well, and ends with 0', async () => {
    await start();
    const told = await report('--canary');
    expect(failures(told)).toEqual([]);
    expect(told.status).toBe(0);
  });

  it('has each signer sign, and leaves nothing behind', async () => {
    await start();
    const { checks } = await report('--canary');
    const canaries = checks.filter(({ id }) => id === 'canary');
    expect(canaries.map(({ about, verdict }) => [about, verdict])).toEqual(
      [...names].sort().map((name) => [name, 'ok']),
    );
    expect(sandbox.issued()).toHaveLength(3);
    expect(sandbox.objects.list('certificatesigningrequests')).toEqual([]);
  });

  it('makes nothing in the cluster without --canary', async () => {
    await start();
    await report();
    const writes = ['create', 'update', 'patch', 'delete'];
    const made = sandbox.calls().filter(({ verb }) => writes.includes(verb));
    expect(new Set(made.map(({ resource }) => resource))).toEqual(
      new Set(['selfsubjectaccessreviews', 'selfsubjectreviews']),
    );
  });

  it('finds the signer that a namespace must not have', async () => {
    await start();
    const policy = join(directory, 'policy.yaml');
    await writeFile(
      policy,
      'rules:\n- name: only-bar\n  match: {namespaces: [bar]}\n  signers: [foo]\n  exclusive: true\n',
    );
    const told = await report('--signerPolicy', policy);
    expect(failures(told)).toMatchObject([
      { id: 'assignments', text: expect.stringContaining('foo: rule only-bar') },
    ]);
    expect(told.status).toBe(1);
  });

  it('finds the pod that still asks for the signer of another', async () => {
    await start();
    sandbox.objects.change(
      { resource: 'pods', namespace: 'foo', name: 'httpbin-1' },
      ({ metadata, ...pod }) => ({
        ...pod,
        metadata,
        spec: {
          serviceAccountName: 'httpbin',
          containers: [
            { name: 'istio-proxy', env: [{ name: 'ISTIO_META_CERT_SIGNER', value: 'bar' }] },
          ],
        },
      }),
    );
    expect(failures(await report())).toMatchObject([
      { id: 'pods-injected-signer', text: expect.stringContaining('foo/httpbin-1') },
    ]);
  });

  it('finds the signer without a root', async () => {
    await start({
      meshConfig: (text) => text.replaceAll(`${signerDomain}/bar`, 'other.example/bar'),
    });
    const told = await report();
    expect(failures(told).map(({ id }) => id)).toContain('signers-have-roots');
    expect(told.status).toBe(1);
  });

  it('finds the right that is missing, and says which', async () => {
    await start();
    const rules = registrationAuthorityRules(names.filter((name) => !name.endsWith('/bar')));
    sandbox.setRules(registrationAuthorityAccount, rules);
    expect(failures(await report())).toMatchObject([
      { id: 'right', about: `approve signers.certificates.k8s.io ${signerDomain}/bar` },
    ]);
  });

  it('asks about the account where somebody else looks', async () => {
    await start();
    await useAccount('admin');
    const rules = registrationAuthorityRules(names).filter(
      ({ resources }) => !resources.includes('tokenreviews'),
    );
    sandbox.setRules(registrationAuthorityAccount, rules);
    expect(failures(await report())).toMatchObject([
      { id: 'right', about: 'create tokenreviews.authentication.k8s.io' },
    ]);
  });

  it('finds the signer that signs under another root', async () => {
    await start({ meshConfig: swapRoots });
    const told = failures(await report('--canary'));
    expect(told.filter(({ id }) => id === 'canary').map(({ about }) => about)).toEqual([
      `${signerDomain}/bar`,
      `${signerDomain}/foo`,
    ]);
    expect(sandbox.objects.list('certificatesigningrequests')).toEqual([]);
  });

  it('shows only what is not ok with --quiet, with what to do', async () => {
    await start({
      meshConfig: (text) => text.replaceAll(`${signerDomain}/bar`, 'other.example/bar'),
    });
    const { out } = await run('--quiet');
    expect(out).not.toMatch(/^ok /m);
    expect(out).toContain('fix: add the root of each');
    expect(out).toContain('docs/check.md#signers-have-roots');
  });

  it('says in one result that no cluster is there', async () => {
    await start();
    await writeFile(join(directory, 'kubeconfig'), 'nonsense');
    const told = await report();
    expect(told.checks.map(({ id }) => id)).toEqual(['api-reachable']);
    expect(told.status).toBe(1);
  });

  it('blames the API server alone where it is away', async () => {
    await start();
    await sandbox.stop();
    const told = await report();
    expect(failures(told).map(({ id }) => id)).toEqual(['api-reachable']);
  }, 30_000);

  it.each([
    ['an output that nobody knows', ['-o', 'yaml'], 'Allowed choices are text, json'],
    ['an account that is none', ['--account', 'istio-ra'], '--account must be'],
    ['a setting that cannot be used', ['--clusterID', 'a', '--namespace', 'A'], '--namespace'],
  ])('ends with 2 for %s', async (_what, words, told) => {
    await start();
    const { status, err } = await run(...words);
    expect(err).toContain(told);
    expect(status).toBe(2);
  });
});

/** The mesh config with the roots of foo and bar exchanged. */
function swapRoots(text: string): string {
  return text
    .replace(`${signerDomain}/foo`, 'SWAPPED')
    .replace(`${signerDomain}/bar`, `${signerDomain}/foo`)
    .replace('SWAPPED', `${signerDomain}/bar`);
}
