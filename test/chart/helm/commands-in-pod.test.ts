import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { CheckResult } from '../../../src/check/check.ts';
import {
  meshConfigYaml,
  podOf,
  seedSandbox,
  signerDomain,
} from '../../../src/cli/sandbox-fixtures.ts';
import { registrationAuthorityAccount, startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { renderedStart } from '../../e2e/chart/rendered-start.ts';
import type { RenderedStart } from '../../e2e/chart/rendered-start.ts';
import { mustRun, runCommand } from '../../e2e/stack/run-command.ts';
import { freePort } from '../../support/free-port.ts';
import { httpbinFoo } from '../../support/running-mesh.ts';
import { render, repository } from '../support/chart.ts';

const program = join(repository, 'src/main.ts');
const exclusive = {
  name: 'foo',
  match: { namespaces: ['foo'] },
  signers: ['foo'],
  exclusive: true,
};

let sandbox: Sandbox;
let folder: string;
let grpcAddress: string;
let pod: RenderedStart;
let serve: ChildProcess;

beforeAll(async () => {
  sandbox = await startSandbox({ clock: systemClock, log: silentLogger });
  seedSandbox(sandbox);
  folder = mkdtempSync(join(tmpdir(), 'istio-ra-pod-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, sandbox.kubeconfig(registrationAuthorityAccount));
  grpcAddress = `127.0.0.1:${await freePort()}`;
  const objects = await render({
    mode: 'alone',
    app: {
      signers: ['istio-system', 'foo', 'bar'],
      signerPolicy: { rules: [exclusive] },
      servingCertificate: { signer: 'istio-system' },
      meshConfig: { inline: parse(meshConfigYaml(sandbox.signers)) as unknown },
      audit: { target: 'file' },
      debug: { port: await freePort() },
    },
    settings: {
      ...{ secureGRPCAddr: grpcAddress, httpAddr: '127.0.0.1:0', monitoringAddr: '127.0.0.1:0' },
    },
    // It stands for the credentials that a kubelet mounts.
    extraEnv: [{ name: 'KUBECONFIG', value: kubeconfig }],
  });
  pod = renderedStart(objects, { name: 'istio-ra-0', namespace: 'istio-system', folder });
  serve = spawn(process.execPath, [...pod.nodeFlags, program, 'serve', ...wordsOf(pod.flags)], {
    env: pod.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await saysItServes(serve);
}, 60_000);

afterAll(async () => {
  const ended = once(serve, 'exit');
  serve.kill();
  await ended;
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

function wordsOf(flags: RenderedStart['flags']): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

/** Rejects where it ends before. */
async function saysItServes({ stderr }: ChildProcess): Promise<void> {
  if (stderr === null) throw new Error('its log is not read');
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr })) {
    said.push(line);
    if (line.includes('"message":"serving"')) {
      stderr.resume();
      return;
    }
  }
  throw new Error(`it has ended: ${said.join('\n')}`);
}

/** What `kubectl exec` does: the container's environment, and none of its arguments. */
async function inPod(...words: readonly string[]): Promise<string> {
  return mustRun(process.execPath, [program, ...words], { env: pod.env });
}

describe('in a pod of the chart, with the environment of its container and nothing else', () => {
  it('istio-ra check looks at the rules, the mesh config and the rights of serve', async () => {
    const words = [program, 'check', '-o', 'json'];
    const { stdout } = await runCommand(process.execPath, words, { env: pod.env });
    const { checks } = JSON.parse(stdout) as { checks: readonly CheckResult[] };
    const found = (id: string): unknown => checks.filter((check) => check.id === id);
    expect(found('signer-policy')).toMatchObject([
      { verdict: 'ok', text: 'the policy has 1 rules and 0 pairs of trust' },
    ]);
    expect(found('mesh-config')).toMatchObject([
      { verdict: 'ok', text: expect.stringContaining('/etc/istio-ra/mesh/mesh') },
    ]);
    expect(found('own-certificate')).toMatchObject([
      { text: `${signerDomain}/istio-system signs it when we start` },
    ]);
    const rights = checks.filter(({ id }) => id === 'right');
    expect(rights.length).toBeGreaterThan(5);
    expect(rights.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    const isError = ({ verdict, severity }: CheckResult): boolean =>
      verdict === 'failed' && severity === 'error';
    expect(checks.filter(isError)).toEqual([]);
  });

  it('istio-ra explain asks the debug port of serve', async () => {
    const told = await inPod('explain', '-n', 'foo', '-s', 'httpbin');
    expect(told).toContain('GRANTED');
    expect(told).toContain('rule foo');
  });

  it('istio-ra audit verify reads the trail that serve writes', async () => {
    const { namespace, serviceAccount } = httpbinFoo;
    const audiences = ['istio-ca'];
    const token = { namespace, serviceAccount, audiences, pod: podOf(httpbinFoo) };
    writeFileSync(join(folder, 'token'), sandbox.token(token));
    const signer = sandbox.signers.find(({ signerName }) => signerName.endsWith('/istio-system'));
    writeFileSync(join(folder, 'root.pem'), signer?.rootPem ?? '');
    await inPod(
      ...['request', '--address', grpcAddress, '--server-name', 'istio-ra.istio-system.svc'],
      ...['--root', join(folder, 'root.pem'), '--token', join(folder, 'token'), '-q'],
    );
    await expect(inPod('audit', 'verify')).resolves.toMatch(
      /\n[1-9]\d* lines: intact, complete\n$/,
    );
  });
});
