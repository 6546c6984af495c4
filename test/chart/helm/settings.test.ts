import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addSettingOptions, readSettings } from '../../../src/cli/setting-options.ts';
import { readSettingOfServe } from '../../../src/cli/setting-of-serve.ts';
import type { RaConfig } from '../../../src/config/ra-config.ts';
import { serveSettings, settingNames } from '../../../src/config/serve-settings.ts';
import { renderedStart } from '../../e2e/chart/rendered-start.ts';
import type { RenderedStart } from '../../e2e/chart/rendered-start.ts';
import { refusalOf, render, twoTenants } from '../support/chart.ts';
import type { Values } from '../support/chart.ts';
import { everything } from '../support/everything.ts';
import { renderedPod } from '../support/rendered-pod.ts';

const front = { ...everything, mode: 'front' };

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'istio-ra-pod-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The container's arguments and environment, with its mounted files under a folder of this machine. */
async function started(values: Values): Promise<RenderedStart> {
  const pod = { name: 'istio-ra-7c9-x', namespace: 'istio-system', folder };
  return renderedStart(await render(values), pod);
}

/** What a command comes to that is run with these flags and the environment of the container. */
async function settingsWith(
  flags: RenderedStart['flags'],
  { env }: RenderedStart,
): Promise<RaConfig> {
  const command = new Command();
  addSettingOptions(command);
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return readSettings(command.parse(words, { from: 'user' }), env);
}

/** As `serve` in the container, and as `kubectl exec … istio-ra check`, which has no arguments. */
async function bothCommands(
  values: Values,
): Promise<{ readonly serve: RaConfig; readonly check: RaConfig }> {
  const start = await started(values);
  return {
    serve: await settingsWith(start.flags, start),
    check: await settingsWith({}, start),
  };
}

describe('in the pod', () => {
  it.each([
    ['with its defaults', {}],
    ['of two tenants', twoTenants],
    ['with everything', everything],
    ['in front', front],
    ['alone', { ...twoTenants, mode: 'alone' }],
    ['with a mesh config of its own', { app: { meshConfig: { inline: { trustDomain: 'a.b' } } } }],
    ['with further settings', { settings: { RATE_LIMITS: 'off' } }],
    ['with a further variable', { extraEnv: [{ name: 'DRAIN_DELAY', value: '7s' }] }],
  ])('%s, check sees exactly the settings that serve runs with', async (_what, values) => {
    const { serve, check } = await bothCommands(values);
    expect(check).toEqual(serve);
  });

  it('check does not see what extraArgs tell serve, as values.yaml says', async () => {
    const { serve, check } = await bothCommands({ extraArgs: ['--clusterID=typed'] });
    expect([serve.cluster.id, check.cluster.id]).toEqual(['typed', 'Kubernetes']);
  });

  it('an argument wins over a variable, and that over the settings file', async () => {
    const { serve } = await bothCommands({
      settings: { httpAddr: ':1', grpcAddr: ':2', DRAIN_DELAY: '1s', RATE_LIMITS: 'off' },
      extraEnv: [{ name: 'DRAIN_DELAY', value: '2s' }],
      extraArgs: ['--httpAddr=:3'],
    });
    expect(serve).toMatchObject({
      httpAddress: ':3',
      load: { rateLimits: false },
      drain: { delayMs: 2_000 },
    });
  });

  it('explain finds the debug port, and audit verify the trail of this pod', async () => {
    const { env } = await started(everything);
    await expect(readSettingOfServe(serveSettings.debugAddress, env)).resolves.toBe(
      '127.0.0.1:9877',
    );
    await expect(readSettingOfServe(serveSettings.auditLog, env)).resolves.toBe(
      join(folder, '/var/log/istio-ra/audit-istio-ra-7c9-x.jsonl'),
    );
  });

  it('check knows the account by the name that the pod has', async () => {
    const { check } = await bothCommands({ serviceAccount: { name: 'other' } });
    expect([check.podNamespace, check.serviceAccount]).toEqual(['istio-system', 'other']);
  });

  it('the settings file stays as it was when the container began', async () => {
    const { ra } = await renderedPod(twoTenants);
    // The kubelet updates whole volumes, and no file that is mounted by itself.
    expect(ra.volumeMounts).toContainEqual({
      name: 'settings',
      mountPath: '/etc/istio-ra/settings.yaml',
      subPath: 'settings.yaml',
      readOnly: true,
    });
  });
});

describe('the value settings', () => {
  it('takes texts, numbers, bools and lists', async () => {
    const settings = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_TRACES_SAMPLER_ARG: 0.5,
      DENY_KEY_REUSE: true,
      SIGNER_BUDGETS: ['a.example/foo=5s', 'a.example/bar=6s'],
    };
    const { check } = await bothCommands({ settings });
    expect(check).toMatchObject({
      tracing: { endpoint: 'http://collector:4318', sampling: { ratio: 0.5 } },
      denyKeyReuse: true,
      load: { signerBudgetsMs: { 'a.example/foo': 5_000, 'a.example/bar': 6_000 } },
    });
  });

  it('is judged by istio-ra itself', async () => {
    const settings = { DRAIN_DELAI: '1s', DENY_KEY_REUSE: 'perhaps' };
    await expect(bothCommands({ settings })).rejects.toThrow(
      /DRAIN_DELAI in .*settings\.yaml: is not a setting; did you mean DRAIN_DELAY\?\nDENY_KEY_REUSE in .*settings\.yaml: must be one of true, false/,
    );
  });

  it('has no room for what other values say: the chart names the one to set, by each of its names', async () => {
    const { texts } = await renderedPod(front);
    const inFile = [...(texts.file?.texts.keys() ?? [])];
    const names = inFile.flatMap((name) => settingNames.find((all) => all.includes(name)) ?? []);
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) {
      await expect(refusalOf({ settings: { [name]: 'x' } })).resolves.toMatch(
        new RegExp(`settings\\.${name}: the chart has another value for this setting: set \\w`),
      );
    }
  }, 120_000);

  it.each([
    'POD_NAME',
    'POD_NAMESPACE',
    'namespace',
    'SERVICE_ACCOUNT',
    'config',
    'ISTIO_RA_CONFIG',
  ])('has no room for %s, which the pod has in its environment', async (name) => {
    await expect(refusalOf({ settings: { [name]: 'x' } })).resolves.toContain(
      `settings.${name}: the pod has it in its environment`,
    );
  });
});

describe('a change of', () => {
  const policyFor = (namespace: string): Values => ({
    ...twoTenants.app,
    signerPolicy: { rules: [{ name: 'r', match: { namespaces: [namespace] }, signers: ['foo'] }] },
  });
  const meshOf = (trustDomain: string): Values => ({ meshConfig: { inline: { trustDomain } } });
  const issuer = {
    issuer: 'https://a.b',
    audiences: ['x'],
    cluster: 'c',
    allowedNamespaces: ['d'],
  };
  const issuerOf = (jwksUri: string): Values => ({ oidcIssuers: [{ ...issuer, jwksUri }] });

  it.each<[string, Values, Values]>([
    ['a value that is a setting', {}, { app: { lifetimes: { default: '2h' } } }],
    ['settings', { settings: { RATE_LIMITS: 'on' } }, { settings: { RATE_LIMITS: 'off' } }],
    ['the log level', {}, { app: { logging: { level: 'warn' } } }],
    [
      'the issuers, which are read once',
      { app: issuerOf('https://a.b/1') },
      { app: issuerOf('https://a.b/2') },
    ],
  ])('%s starts other pods', async (_what, before, after) => {
    const [old, next] = [await renderedPod(before), await renderedPod(after)];
    expect(next.annotations).not.toEqual(old.annotations);
  });

  it.each<[string, Values, Values]>([
    ['the signer policy', { app: policyFor('foo') }, { app: policyFor('bar') }],
    ['the mesh config', { app: meshOf('a.example') }, { app: meshOf('b.example') }],
  ])('%s starts none: it is read again where it changes', async (_what, before, after) => {
    const [old, next] = [await renderedPod(before), await renderedPod(after)];
    expect([next.pod, next.annotations]).toEqual([old.pod, old.annotations]);
  });
});
