/**
 * Brings the whole stack up without istio-ra, proves that its parts work together, and takes it
 * down. Run it with `node test/e2e/stack/smoke.ts`; it ends with 0 when all is well.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitUntil } from './await-until.ts';
import { startCertManager, type CertManager } from './cert-manager.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { startMtlsClient, startMtlsServer, type Envoy } from './envoy.ts';
import { runningRecorded } from './pid-file.ts';
import { Processes } from './process.ts';
import { mustRun } from './run-command.ts';
import { ensureTools, type Tools } from './tools.ts';

interface Stack {
  readonly dir: string;
  readonly tools: Tools;
  readonly processes: Processes;
  readonly controlPlane: ControlPlane;
  readonly certManager: CertManager;
}

async function main(): Promise<void> {
  const tools = await timed('tools', () => ensureTools({ log: say }));
  const dir = mkdtempSync(join(tmpdir(), 'istio-ra-smoke-'));
  const pidFile = join(dir, 'pids');
  const processes = new Processes({ logDir: join(dir, 'logs'), pidFile });
  say(`files, kept where this fails: ${dir}`);
  try {
    const controlPlane = await timed('control plane', () =>
      startControlPlane({ dir: join(dir, 'control-plane'), tools, processes }),
    );
    const certManager = await timed('cert-manager', () =>
      startCertManager({ controlPlane, tools, processes }),
    );
    const stack = { dir, tools, processes, controlPlane, certManager };
    await proveIsolation(stack);
    await proveNamespacedIssuer(stack);
    await proveFaults(stack);
  } finally {
    await timed('down', () => processes.stopAll());
  }
  assert.deepEqual(runningRecorded(pidFile), []);
  rmSync(dir, { recursive: true });
  say('all is well');
}

/** Certificates of one signer trust each other, those of two do not; renewal is seamless. */
async function proveIsolation(stack: Stack): Promise<void> {
  const [sleepFoo, httpbinFoo, httpbinBar] = await timed('three certificates', () =>
    Promise.all([
      signedIdentity(stack, 'foo', 'sleep'),
      signedIdentity(stack, 'foo', 'httpbin'),
      signedIdentity(stack, 'bar', 'httpbin'),
    ]),
  );
  const common = {
    dir: join(stack.dir, 'envoys'),
    envoy: stack.tools.envoy,
    processes: stack.processes,
  };
  const [foo, bar] = await timed('two Envoy servers', () =>
    Promise.all([
      startMtlsServer({ ...common, name: 'httpbin.foo', identityFolder: httpbinFoo }),
      startMtlsServer({ ...common, name: 'httpbin.bar', identityFolder: httpbinBar }),
    ]),
  );
  const upstreams = [foo, bar].map(({ name, port }) => ({ name, port }));
  const client = await timed('an Envoy client', () =>
    startMtlsClient({ ...common, name: 'sleep.foo', identityFolder: sleepFoo, upstreams }),
  );
  assert.deepEqual(await client.get('httpbin.foo'), { status: 200, body: 'httpbin.foo\n' });
  assert.equal((await client.get('httpbin.bar')).status, 503);
  const refused = await client.stat('cluster.httpbin.bar.ssl.fail_verify_error');
  assert.ok(refused > 0);
  assert.equal(await client.stat('cluster.httpbin.foo.ssl.fail_verify_error'), 0);
  say(`foo to foo 200; foo to bar 503, fail_verify_error ${refused}`);
  await proveRotation(stack, client);
}

async function proveRotation(stack: Stack, client: Envoy): Promise<void> {
  const before = await client.certificateSerials();
  client.useIdentity(await signedIdentity(stack, 'foo', 'sleep-renewed'));
  await awaitUntil(
    async () => {
      assert.equal((await client.get('httpbin.foo')).status, 200);
      return (await client.certificateSerials()).every((serial) => !before.includes(serial));
    },
    { what: 'Envoy shows the renewed certificate', timeoutMs: 10_000 },
  );
  assert.equal((await client.get('httpbin.foo')).status, 200);
  say('the renewed certificate is in use');
}

async function proveNamespacedIssuer(stack: Stack): Promise<void> {
  const issuer = stack.certManager.issuer('issuers.cert-manager.io/foo.own');
  await signedIdentity(stack, issuer.signerName, 'own');
  say('the namespaced Issuer signs');
}

/** The levers that fault tests pull do what they say. */
async function proveFaults(stack: Stack): Promise<void> {
  const { controlPlane } = stack;
  await timed('API server killed and back', () => controlPlane.restartApiServer());
  const start = performance.now();
  const paused = controlPlane.pauseEtcd(1_500);
  await controlPlane.kubectl.run('create', 'namespace', 'made-late');
  assert.ok(performance.now() - start >= 1_400, 'a write must wait for etcd');
  await paused;
  await timed('a certificate after that', () => signedIdentity(stack, 'foo', 'later'));
}

/**
 * A certificate for a made-up workload by way of kubectl: created, approved, signed by
 * cert-manager. Returns the folder with key.pem, chain.pem and root.pem.
 */
async function signedIdentity(stack: Stack, signer: string, name: string): Promise<string> {
  const { kubectl } = stack.controlPlane;
  const issuer = stack.certManager.issuer(signer);
  const object = `${issuer.ref.name}-${name}`;
  const folder = join(stack.dir, 'identities', object);
  mkdirSync(folder, { recursive: true });
  const request = await newRequest(
    folder,
    `spiffe://cluster.local/ns/${issuer.ref.name}/sa/${name}`,
  );
  const spec = {
    request: Buffer.from(request).toString('base64'),
    signerName: issuer.signerName,
    expirationSeconds: 3600,
    usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
  };
  const [apiVersion, kind] = ['certificates.k8s.io/v1', 'CertificateSigningRequest'];
  await kubectl.apply([{ apiVersion, kind, metadata: { name: object }, spec }], ['create']);
  await kubectl.run('certificate', 'approve', object);
  const signed = await awaitUntil(
    async () => {
      const encoded = await kubectl.run(
        'get',
        'csr',
        object,
        '-o',
        'jsonpath={.status.certificate}',
      );
      return encoded !== '' && Buffer.from(encoded, 'base64').toString();
    },
    { what: `${object} is signed`, timeoutMs: 20_000 },
  );
  writeFileSync(join(folder, 'chain.pem'), signed);
  writeFileSync(join(folder, 'root.pem'), issuer.rootPem);
  const [root, chain] = [join(folder, 'root.pem'), join(folder, 'chain.pem')];
  await mustRun('openssl', ['verify', '-CAfile', root, '-untrusted', chain, chain]);
  await kubectl.run('delete', 'csr', object);
  return folder;
}

async function newRequest(folder: string, identity: string): Promise<string> {
  return mustRun('openssl', [
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/',
    '-addext',
    `subjectAltName=critical,URI:${identity}`,
    '-keyout',
    join(folder, 'key.pem'),
  ]);
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
