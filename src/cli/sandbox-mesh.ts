import { join, relative } from 'node:path';
import { startApp } from '../app/app.ts';
import { openCluster } from '../kube/client-node/open-cluster.ts';
import { requestServingCertificate } from '../serving/serving-certificate.ts';
import { systemClock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import type { Logger } from '../base/logger.ts';
import { currentMemoryLimit } from '../base/memory-limit.ts';
import type { StartStack } from '../base/start-stack.ts';
import { parseRaConfig } from '../config/ra-config.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { registrationAuthorityAccount, startSandbox } from '../sandbox/sandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { CertificateClient } from '../server/certificate-client.ts';
import type { CommandRun } from './command-run.ts';
import { linesToPaste } from './lines-to-paste.ts';
import type { SandboxFlags } from './sandbox-flags.ts';
import {
  meshConfigYaml,
  podOf,
  seedSandbox,
  servingName,
  signerDomain,
  systemNamespace,
  uriOf,
  workloads,
} from './sandbox-fixtures.ts';
import type { SampleWorkload } from './sandbox-fixtures.ts';
import { SandboxDemo } from './sandbox-demo.ts';
import type { Styler, TextSink } from './terminal.ts';
import { makeKeyAndRequest } from './workload.ts';
import { UsageError } from './workspace.ts';
import type { Workspace } from './workspace.ts';

export interface SandboxMeshOptions {
  readonly flags: SandboxFlags;
  readonly run: CommandRun;
  readonly workspace: Workspace;
  readonly log: Logger;
  /** What is started is stopped through this, in reverse order. */
  readonly stack: StartStack;
}

/** Where everything answers, for programs. */
interface SandboxAddresses {
  /** `host:port` of CreateCertificate, over TLS. */
  readonly createCertificate: string;
  readonly serverName: string;
  readonly kubernetesApi: string;
  readonly page: string;
  readonly readiness: string;
  readonly metrics: string;
  /** The folder of tokens, roots and kubeconfig. */
  readonly files: string;
}

/** The sandbox with the authority running in it. */
export interface SandboxMesh {
  readonly addresses: SandboxAddresses;
  banner(styled: Styler, seconds: string): string;
  runDemo(out: TextSink, styled: Styler): Promise<boolean>;
  linesToPaste(styled: Styler): string;
}

const servingTtlSeconds = 30 * 86_400;
const readyMs = 10_000;
const systemSigner = `${signerDomain}/${systemNamespace}`;

/** Starts the API, its signers and the authority, and leaves what a person needs in the workspace. */
export async function startSandboxMesh(options: SandboxMeshOptions): Promise<SandboxMesh> {
  const { flags, log, stack, workspace } = options;
  const port = parsePort(flags.apiPort);
  const sandbox = await explained(
    startSandbox({ clock: systemClock, log: log.child({ part: 'sandbox' }), port }),
  );
  stack.defer(() => sandbox.stop());
  seedSandbox(sandbox);
  await leaveFiles(sandbox, workspace);
  const config = configOf(options);
  await leaveServingCertificate(config, options);
  const app = await explained(
    startApp(config, {
      clock: systemClock,
      random: Math.random,
      log: log.child({ part: 'istio-ra' }),
      protoDirectory: protoDirectory(options),
      pageDirectory: join(options.run.environment.root, 'page'),
      version: options.run.version,
      memoryLimit: currentMemoryLimit(),
    }),
  );
  stack.defer(() => app.stop());
  const reason = (): Error =>
    new Error(`not ready after ${readyMs / 1000} s: see ${workspace.path('istio-ra.log')}`);
  await withDeadline({ clock: systemClock, ms: readyMs, reason }, (signal) => app.ready(signal));
  return describe(options, { sandbox, app });
}

function describe(
  { run, workspace, stack }: SandboxMeshOptions,
  {
    sandbox,
    app,
  }: { readonly sandbox: Sandbox; readonly app: Awaited<ReturnType<typeof startApp>> },
): SandboxMesh {
  const directory = relative(process.cwd(), workspace.directory) || workspace.directory;
  const rootPem = rootOf(sandbox, systemSigner);
  const addresses: SandboxAddresses = {
    createCertificate: app.grpcAddress,
    serverName: servingName,
    kubernetesApi: sandbox.url,
    page: `http://${app.debugAddress}/`,
    readiness: `http://${app.httpAddress}/ready`,
    metrics: `http://${app.monitoringAddress}/metrics`,
    files: `${directory}/`,
  };
  return {
    addresses,
    banner: (styled, seconds) =>
      [
        styled('bold', `istio-ra ${run.version} sandbox`),
        styled('dim', `  ready after ${seconds} s, everything on loopback\n`),
        bannerLines(addresses),
      ].join(''),
    runDemo: async (out, styled) => {
      const client = new CertificateClient({
        address: app.grpcAddress,
        rootPem,
        serverName: servingName,
        protoDirectory: join(run.environment.root, 'proto'),
      });
      stack.defer(() => {
        client.close();
      });
      const tokenOf = (workload: SampleWorkload): string => tokenFor(sandbox, workload);
      return new SandboxDemo({ client, tokenOf, out, styled }).run();
    },
    linesToPaste: (styled) => linesToPaste({ directory, address: app.grpcAddress, styled }),
  };
}

function bannerLines(addresses: SandboxAddresses): string {
  const { createCertificate, serverName, kubernetesApi } = addresses;
  return [
    `  CreateCertificate  ${createCertificate}  (TLS, server name ${serverName})\n`,
    `  Kubernetes API     ${kubernetesApi}\n`,
    `  who trusts whom    ${addresses.page}\n`,
    `  readiness          ${addresses.readiness}\n`,
    `  metrics            ${addresses.metrics}\n`,
    `  files              ${addresses.files}\n`,
  ].join('');
}

function protoDirectory({ run }: SandboxMeshOptions): string {
  return join(run.environment.root, 'proto');
}

function rootOf(sandbox: Sandbox, signerName: string): string {
  const signer = sandbox.signers.find((candidate) => candidate.signerName === signerName);
  if (signer === undefined) throw new Error(`the sandbox has no signer ${signerName}`);
  return signer.rootPem;
}

function tokenFor(sandbox: Sandbox, workload: SampleWorkload): string {
  const { namespace, serviceAccount } = workload;
  return sandbox.token({
    namespace,
    serviceAccount,
    audiences: ['istio-ca'],
    expirationSeconds: 43_200,
    pod: podOf(workload),
  });
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new UsageError('--api-port must be a port, such as 16443, or 0 for any');
}

/** root.pem, kubeconfig, tokens, csr.pem, request.json and mesh.yaml. */
async function leaveFiles(sandbox: Sandbox, workspace: Workspace): Promise<void> {
  await workspace.write('root.pem', rootOf(sandbox, systemSigner));
  await workspace.write('mesh.yaml', meshConfigYaml(sandbox.signers));
  await workspace.write('kubeconfig', sandbox.kubeconfig('admin'));
  await workspace.write('istio-ra.kubeconfig', sandbox.kubeconfig(registrationAuthorityAccount));
  for (const workload of workloads) {
    const { namespace, serviceAccount } = workload;
    await workspace.write(`tokens/${namespace}-${serviceAccount}`, tokenFor(sandbox, workload));
  }
  const httpbin = { namespace: 'foo', serviceAccount: 'httpbin' };
  const { csrPem, privateKeyPem } = await makeKeyAndRequest(uriOf(httpbin), 'ecdsa-p256');
  await workspace.write('csr.pem', csrPem);
  await workspace.write('key.pem', privateKeyPem);
  const request = { csr: csrPem, validity_duration: 86_400, metadata: { CertSigner: 'foo' } };
  await workspace.write('request.json', `${JSON.stringify(request, undefined, 2)}\n`);
}

function configOf({ flags, workspace, run }: SandboxMeshOptions): RaConfig {
  return parseRaConfig({
    env: {
      CERT_SIGNER_DOMAIN: signerDomain,
      POD_NAME: `istio-ra-sandbox-${process.pid}`,
      AUDIT_LOG: workspace.path('audit.jsonl'),
      // Nobody sends clients here from elsewhere.
      DRAIN_DELAY: '0',
    },
    flags: {
      kubeconfig: workspace.path('istio-ra.kubeconfig'),
      meshConfig: workspace.path('mesh.yaml'),
      secureGRPCAddr: flags.grpc,
      httpAddr: flags.http,
      monitoringAddr: flags.monitoring,
      debugAddr: flags.debug,
      tlsCertFile: workspace.path('tls.crt'),
      tlsKeyFile: workspace.path('tls.key'),
      grpcReflection: 'true',
      logLevel: run.environment.env['LOG_LEVEL'] ?? 'debug',
    },
  });
}

/** The authority proves itself with a certificate of the mesh's own signer, as istiod does. */
async function leaveServingCertificate(
  config: RaConfig,
  options: SandboxMeshOptions,
): Promise<void> {
  const { log, run, workspace } = options;
  const cluster = await openCluster({ ...config, clock: systemClock, log, version: run.version });
  try {
    const serving = await requestServingCertificate({
      requests: cluster.signingRequests,
      clock: systemClock,
      signerName: systemSigner,
      dnsNames: [servingName, 'localhost'],
      ttlSeconds: servingTtlSeconds,
    });
    await workspace.write('tls.crt', serving.certificateChainPem);
    await workspace.write('tls.key', serving.privateKeyPem);
  } finally {
    await cluster.close();
  }
}

/** A port that is taken is the user's to mend, not a failure of ours. */
async function explained<T>(starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    if (error instanceof Error && /^cannot listen on|EADDRINUSE|EACCES/.test(error.message)) {
      throw new UsageError(
        `${error.message}; choose others with --grpc, --api-port, --http, --monitoring and --debug`,
        { cause: error },
      );
    }
    throw error;
  }
}
