import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/base/logger.ts';
import { meshConfigYaml } from '../../../src/cli/sandbox-fixtures.ts';
import type { ActiveFault } from '../../../src/sandbox/faults.ts';
import { registrationAuthorityAccount, startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox, SandboxSigner } from '../../../src/sandbox/sandbox.ts';
import { writeServingFiles } from '../../bench/sandbox/serving-files.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import {
  allTenants,
  goodTenant,
  signerOf,
  troubledTenants,
  workloadsPerTenant,
} from '../tenants.ts';
import { Relay } from './relay.ts';
import type { SoakAnswer, SoakFault, SoakOrder, SoakQuestion } from './soak-messages.ts';
import { SoakObserver } from './soak-observer.ts';

const nodeName = 'node-1';
/** Signers in a cluster take their time. */
const signerLatencyMs = 60;

/** The sandbox's API behind a port that can go away, with faults that a parent switches. */
async function main(folder: string): Promise<void> {
  const sandbox = await startSandbox({
    clock: systemClock,
    log: createLogger({ level: 'error' }),
    maxObjects: 100_000,
    bookmarkIntervalMs: 5_000,
    signers: ['istio-system', ...allTenants].map((tenant) => ({
      signerName: signerOf(tenant),
      intermediate: tenant === 'foo',
      latencyMs: signerLatencyMs,
    })),
  });
  const relay = new Relay(Number(new URL(sandbox.url).port));
  await relay.open();
  seedTenants(sandbox, folder);
  await writeServingFiles(folder);
  await writeMeshConfigs(sandbox.signers, folder);
  const kubeconfig = sandbox.kubeconfig(registrationAuthorityAccount);
  const shown = `https://127.0.0.1:${relay.port}`;
  writeFileSync(join(folder, 'kubeconfig'), kubeconfig.replaceAll(sandbox.url, shown));
  const desk = new Desk(sandbox, relay);
  process.on('message', ({ id, order }: SoakQuestion) => {
    void desk.answer(order).then((answer) => process.send?.({ id, ...answer }));
  });
  process.on('disconnect', () => void Promise.all([relay.close(), sandbox.stop()]));
  process.send?.({ id: 0 } satisfies SoakAnswer);
}

/** Does what the parent orders. */
class Desk {
  readonly #sandbox: Sandbox;
  readonly #relay: Relay;
  readonly #observer: SoakObserver;
  readonly #active = new Map<number, ActiveFault>();
  #numbers = 0;

  constructor(sandbox: Sandbox, relay: Relay) {
    this.#sandbox = sandbox;
    this.#relay = relay;
    this.#observer = new SoakObserver(sandbox);
  }

  async answer(order: SoakOrder): Promise<Omit<SoakAnswer, 'id'>> {
    switch (order.kind) {
      case 'look':
        return { view: this.#observer.look() };
      case 'strike': {
        const number = ++this.#numbers;
        this.#active.set(number, this.#set(order.fault));
        return { number };
      }
      case 'clear': {
        const fault = this.#active.get(order.number);
        fault?.clear();
        this.#active.delete(order.number);
        return { strikes: fault?.strikes ?? 0 };
      }
      case 'clear-all':
        this.#sandbox.faults.clear();
        this.#active.clear();
        return {};
      case 'restart':
        await this.#relay.close();
        // A server that comes back remembers no history to watch from.
        this.#sandbox.forgetHistory();
        await sleep(order.downMs);
        await this.#relay.open();
        return {};
    }
  }

  #set(one: SoakFault): ActiveFault {
    const { faults } = this.#sandbox;
    switch (one.board) {
      case 'api':
        return faults.api.set(one.fault, one.options);
      case 'watch':
        return faults.watch.set(one.fault, one.options);
      case 'signer':
        return faults.signer.set(one.fault, one.options);
      case 'tokenReview':
        return faults.tokenReview.set(one.fault, one.options);
    }
  }
}

function seedTenants(sandbox: Sandbox, folder: string): void {
  for (const group of ['good', 'troubled'])
    mkdirSync(join(folder, 'tokens', group), { recursive: true });
  for (const tenant of allTenants) {
    sandbox.objects.createNamespace(tenant, { 'istio-injection': 'enabled' });
    sandbox.objects.createProxyConfig({
      ...{ namespace: tenant, name: 'signer' },
      environmentVariables: { ISTIO_META_CERT_SIGNER: tenant },
    });
    const group = tenant === goodTenant ? 'good' : 'troubled';
    for (let at = 0; at < workloadsPerTenant; at += 1) {
      // In turn, so that few callers are of all tenants.
      const file = join(folder, 'tokens', group, `${at}-${tenant}`);
      writeFileSync(file, deploy(sandbox, tenant, `${tenant}-${at}`));
    }
  }
  writeFileSync(join(folder, 'node-agent.token'), deploy(sandbox, 'istio-system', 'ztunnel'));
}

function deploy(sandbox: Sandbox, namespace: string, serviceAccount: string): string {
  const pod = `${serviceAccount}-1`;
  sandbox.objects.createServiceAccount(namespace, serviceAccount);
  sandbox.objects.createPod({ namespace, name: pod, serviceAccount, nodeName, labels: {} });
  const validity = { expirationSeconds: 7 * 86_400, audiences: ['istio-ca'] };
  return sandbox.token({ namespace, serviceAccount, pod, ...validity });
}

/** The mesh config, one where a root is added, and one where another root took its place. */
async function writeMeshConfigs(signers: readonly SandboxSigner[], folder: string): Promise<void> {
  const next = await TestAuthority.make('the next root', systemClock.now());
  const [rotated] = troubledTenants;
  const changed = (change: (rootPem: string) => string): string =>
    meshConfigYaml(
      signers.map((signer) =>
        signer.signerName === signerOf(rotated)
          ? { ...signer, rootPem: change(signer.rootPem) }
          : signer,
      ),
    );
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  for (const name of ['mesh.yaml', 'mesh.good.yaml'])
    write(
      name,
      changed((root) => root),
    );
  write(
    'mesh.added.yaml',
    changed((root) => `${root.trimEnd()}\n${next.certificatePem}`),
  );
  write(
    'mesh.replaced.yaml',
    changed(() => next.certificatePem),
  );
  write('mesh.broken.yaml', 'caCertificates:\n  - pem: [\n');
}

await main(process.argv[2] ?? '');
