import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { meshConfigYaml } from '../../../src/cli/sandbox-world.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { requestCertificate } from '../../../src/server/certificate-client.ts';
import { eventually, protoDirectory, RunningMesh } from '../../support/running-mesh.ts';
import { TestAuthority } from '../../support/test-authority.ts';
import { logOf, survived, waitedFor, withMesh } from './observed.ts';
import type { Experiment, Observed } from './observed.ts';

const domain = 'clusterissuers.cert-manager.io';
const namespace = 'istio-system';
const place = { resource: 'configmaps', namespace, name: 'istio' };
const byConfigMap = { meshConfig: undefined };
const review = { verb: 'create', resource: 'tokenreviews' };
const approve = { verb: 'update', resource: 'certificatesigningrequests', subresource: 'approval' };
const proxyConfigs = { resource: 'proxyconfigs' };

function createMeshConfig(sandbox: Sandbox): void {
  const data = { mesh: meshConfigYaml(sandbox.signers) };
  sandbox.objects.createConfigMap({ namespace, name: 'istio', data });
}

/** What a caller hears, and what the log adds. */
async function refusal(mesh: RunningMesh, certSigner = 'foo'): Promise<string> {
  const told = await mesh.request({ certSigner }).then(
    () => 'OK',
    (error: unknown) => String(error),
  );
  if (told === 'OK') throw new Error('a certificate was issued');
  return `${told}\n${logOf(mesh)}`;
}

const bar = { namespace: 'bar', serviceAccount: 'httpbin' };

async function signerWithoutRoots(): Promise<Observed> {
  const meshConfig = (text: string): string => text.replace(`${domain}/foo`, `${domain}/other`);
  return withMesh({ meshConfig }, async (mesh) => {
    const said = await refusal(mesh);
    await mesh.requestAs(bar);
    return { said, meanwhile: 'others are served as before' };
  });
}

/** The right is there for one signer and not for another. */
async function noRightToApprove(): Promise<Observed> {
  return withMesh({}, async (mesh) => {
    const fault = mesh.sandbox.faults.api.set({ kind: 'status', status: 403 }, approve);
    const said = await refusal(mesh);
    fault.clear();
    await mesh.requestAs(bar);
    return { said, meanwhile: 'nobody is served until this is mended' };
  });
}

async function noRightToReview(): Promise<Observed> {
  return withMesh({}, async (mesh) => {
    const fault = mesh.sandbox.faults.api.set({ kind: 'status', status: 403 }, review);
    const said = await refusal(mesh);
    fault.clear();
    await mesh.request();
    return { said, meanwhile: 'nobody is served until this is mended' };
  });
}

/** A signer's only root is over; the other signers have theirs. */
async function expiredRoot(): Promise<Observed> {
  const day = 86_400_000;
  const old = await TestAuthority.make('an old root', systemClock.now() - 10_000 * day);
  const meshConfig = (text: string): string => {
    const [head = '', entry = '', ...rest] = text.split(/(?= {2}- pem: \|\n)/);
    const names = entry.slice(entry.indexOf('    certSigners:'));
    const pem = old.certificatePem.trimEnd().replace(/^/gm, '      ');
    return [head, `  - pem: |\n${pem}\n${names}`, ...rest].join('');
  };
  return withMesh({ meshConfig }, async (mesh) => {
    const said = await refusal(mesh, namespace);
    await mesh.requestAs(bar);
    return { said, meanwhile: 'others are served as before' };
  });
}

async function namesake(): Promise<Observed> {
  const lease = { resource: 'leases', namespace, name: 'istio-ra-leader' };
  const env = { DISTRIBUTE_ROOTS: 'true', PILOT_CERT_PROVIDER: 'file', POD_NAME: 'istio-ra-0' };
  return withMesh({ env, flags: {} }, async (mesh) => {
    const { objects } = mesh.sandbox;
    await eventually(() => logOf(mesh).includes('this replica leads now'));
    const steal = (): void => {
      objects.change(lease, (object) => ({
        ...object,
        spec: {
          ...(object['spec'] as Record<string, unknown>),
          renewTime: new Date().toISOString().replace('Z', '001Z'),
        },
      }));
    };
    const stealing = setInterval(steal, 200);
    try {
      await eventually(() => logOf(mesh).includes('under our own name'), 15_000);
    } finally {
      clearInterval(stealing);
    }
    await mesh.request();
    return { said: logOf(mesh), meanwhile: 'all go on as before' };
  });
}

const servedBySigner = {
  env: { PILOT_CERT_PROVIDER: `k8s.io/${domain}/istio-system` },
  flags: { tlsCertFile: undefined, tlsKeyFile: undefined },
};

/** By a client that trusts the signer's root. */
async function serveUnderItsRoot(mesh: RunningMesh): Promise<void> {
  const { csrPem } = await import('../../../src/cli/workload.ts').then((workload) =>
    workload.makeKeyAndRequest('spiffe://cluster.local/ns/bar/sa/httpbin', 'ecdsa-p256'),
  );
  await requestCertificate({
    ...{ csrPem, protoDirectory, token: mesh.tokenOf(bar), certSigner: 'bar' },
    ...{ validitySeconds: 3600, deadlineMs: 15_000, address: mesh.app.grpcAddress },
    ...{ rootPem: mesh.rootOf('istio-system'), serverName: 'istiod.istio-system.svc' },
  });
}

/** Mistakes that leave something to serve, or come while it serves. */
export const mistakesAtWork: Readonly<Record<string, Experiment>> = {
  'a PEM in caCertificates that is none, later': survived(
    {},
    async ({ directory }) => {
      const file = join(directory, 'mesh.yaml');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace('-----BEGIN CERTIFICATE-----', '-----BEGIN-----'));
    },
    'not replaced',
  ),
  'a ConfigMap with the mesh config that turns bad': survived(
    { flags: byConfigMap, furnish: createMeshConfig },
    ({ sandbox }) => {
      sandbox.objects.change(place, (object) => ({ ...object, data: { mesh: 'trustDomain: [' } }));
    },
    'cannot be used',
  ),
  'no ConfigMap with the mesh config': waitedFor(
    { flags: byConfigMap },
    { told: 'does not exist', mend: createMeshConfig, serves: (mesh) => mesh.request() },
  ),
  'a signer policy that cannot be read, later': survived(
    { signerPolicy: 'rules: []\n' },
    ({ directory }) => writeFile(join(directory, 'policy.yaml'), 'rules: {}\n'),
    'not replaced',
  ),
  'a signer without roots in the mesh config': signerWithoutRoots,
  'a signer whose only root has expired': expiredRoot,
  'no right to approve for a signer': noRightToApprove,
  'no right to review tokens': noRightToReview,
  'no definition of ProxyConfig in the cluster': async () =>
    withMesh(
      {
        furnish: ({ faults }) => {
          faults.api.set({ kind: 'status', status: 404 }, proxyConfigs);
        },
      },
      async (mesh) => {
        await mesh.request();
        return { said: logOf(mesh), meanwhile: 'all go on as before' };
      },
    ),
  'no right to watch ProxyConfigs': async () => {
    let clear = (): void => undefined;
    return waitedFor(
      {
        furnish: ({ faults }) => {
          clear = faults.api.set({ kind: 'status', status: 403 }, proxyConfigs).clear;
        },
      },
      {
        told: 'proxyconfigs',
        mend: () => {
          clear();
        },
        serves: (mesh) => mesh.request(),
      },
    )();
  },
  'a signer of our own certificate that is down': waitedFor(
    {
      ...servedBySigner,
      furnish: ({ faults }) => {
        faults.signer.set({ kind: 'fail' }, { signerName: `${domain}/istio-system` });
      },
    },
    {
      told: 'there is no serving certificate: clusterissuers',
      mend: ({ faults }) => {
        faults.clear();
      },
      serves: serveUnderItsRoot,
    },
  ),
  'two replicas of one name': namesake,
};
