import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { signerDomain } from '../../src/cli/sandbox-fixtures.ts';
import { RunningMesh } from '../support/running-mesh.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../../src/main.ts');

it('istio-ra check --canary, as a process of its own, waits for a signer that takes its time', async () => {
  await using mesh = await RunningMesh.start();
  mesh.sandbox.faults.signer.set({ kind: 'delay', ms: 1_200 });
  const file = (name: string): string => join(mesh.directory, name);
  const words = [
    ...['check', '--canary', '--kubeconfig', file('kubeconfig'), '--meshConfig', file('mesh.yaml')],
    ...['--tlsCertFile', file('tls.crt'), '--tlsKeyFile', file('tls.key')],
  ];
  const env = { ...process.env, CERT_SIGNER_DOMAIN: signerDomain };
  const { stdout } = await run(process.execPath, [program, ...words], { env });
  expect(stdout).toContain(`${signerDomain}/foo signs, under`);
});
