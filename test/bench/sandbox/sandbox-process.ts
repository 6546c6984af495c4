import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/base/logger.ts';
import { meshConfigYaml, seedSandbox } from '../../../src/cli/sandbox-fixtures.ts';
import { registrationAuthorityAccount, startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { writeServingFiles } from './serving-files.ts';
import type { SandboxAnswer, SandboxQuestion } from './sandbox-messages.ts';

const nodeName = 'node-1';
const verbs = ['create', 'update', 'get', 'list', 'watch', 'delete', 'deletecollection'];
const resources = [
  'certificatesigningrequests',
  'certificatesigningrequests/approval',
  'tokenreviews.authentication.k8s.io',
  'tokenreviews',
  'selfsubjectaccessreviews',
  'pods',
];

/** The API of the sandbox in a process of its own, so that its work is not counted as istio-ra's. */
async function main(folder: string, callers: number): Promise<void> {
  const sandbox = await startSandbox({
    clock: systemClock,
    log: createLogger({ level: 'error' }),
    maxObjects: 100_000,
  });
  seedSandbox(sandbox);
  writeWorkloads(sandbox, folder, callers);
  await writeServingFiles(folder);
  writeFileSync(join(folder, 'kubeconfig'), sandbox.kubeconfig(registrationAuthorityAccount));
  writeFileSync(join(folder, 'mesh.yaml'), meshConfigYaml(sandbox.signers));
  writeFileSync(join(folder, 'ca.pem'), sandbox.caPem);
  writeFileSync(join(folder, 'floor.token'), sandbox.token(registrationAuthorityAccount));
  process.on('message', (question: SandboxQuestion) => {
    const answer: SandboxAnswer = { id: question.id, ...stateOf(sandbox) };
    process.send?.(answer);
  });
  process.on('disconnect', () => void sandbox.stop());
  process.send?.({ id: 0, ...stateOf(sandbox) } satisfies SandboxAnswer);
}

function stateOf(sandbox: Sandbox): Omit<SandboxAnswer, 'id'> {
  const calls = resources.flatMap((resource) =>
    verbs.map((verb) => [`${verb} ${resource}`, sandbox.callCount(verb, resource)] as const),
  );
  return {
    url: sandbox.url,
    calls: calls.filter(([, count]) => count > 0),
    left: sandbox.objects.list('certificatesigningrequests').length,
  };
}

function writeWorkloads(sandbox: Sandbox, folder: string, callers: number): void {
  mkdirSync(join(folder, 'tokens'));
  const deploy = (namespace: string, serviceAccount: string): string => {
    const pod = `${serviceAccount}-1`;
    sandbox.objects.createServiceAccount(namespace, serviceAccount);
    sandbox.objects.createPod({ namespace, name: pod, serviceAccount, nodeName, labels: {} });
    const expirationSeconds = 86_400;
    return sandbox.token({
      ...{ namespace, serviceAccount, pod, expirationSeconds },
      audiences: ['istio-ca'],
    });
  };
  for (let at = 0; at < callers; at += 1) {
    const token = deploy(at % 2 === 0 ? 'foo' : 'bar', `bench-${at}`);
    writeFileSync(join(folder, 'tokens', `bench-${at}`), token);
  }
  writeFileSync(join(folder, 'node-agent.token'), deploy('istio-system', 'ztunnel'));
}

await main(process.argv[2] ?? '', Number(process.argv[3]));
