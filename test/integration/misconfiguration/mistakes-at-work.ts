import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { meshConfigYaml, uriOf } from '../../../src/cli/sandbox-fixtures.ts';
import { makeKeyAndRequest } from '../../../src/cli/workload.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { requestCertificate } from '../../../src/server/certificate-client.ts';
import type { RunningMesh } from '../../support/running-mesh.ts';
import { eventually, httpbinFoo, protoDirectory } from '../../support/running-mesh.ts';
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
async function refusal(mesh: RunningMesh, certSigner = 'foo'): Promise<Observed['said']> {
  const client = await mesh.request({ certSigner }).then(
    () => 'OK',
    (error: unknown) => String(error),
  );
  if (client === 'OK') throw new Error('a certificate was issued');
  return { client, log: logOf(mesh) };
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

async function noRightToApprove(): Promise<Observed> {
  return withMesh({}, async (mesh) => {
    const fault = mesh.sandbox.faults.api.set({ kind: 'status', status: 403 }, approve);
    const said = await refusal(mesh);
    fault.clear();
    await mesh.request();
    return { said, meanwhile: 'who needs it is refused, and served once this is mended' };
  });
}

async function noRightToReview(): Promise<Observed> {
  return withMesh({}, async (mesh) => {
    const fault = mesh.sandbox.faults.api.set({ kind: 'status', status: 403 }, review);
    const said = await refusal(mesh);
    fault.clear();
    await mesh.request();
    return { said, meanwhile: 'who needs it is refused, and served once this is mended' };
  });
}

/** As when an issuer's CA was renewed with another key; the other signers have their roots. */
async function foreignRoot(): Promise<Observed> {
  const old = await TestAuthority.make('an old root', systemClock.now());
  const pem = old.certificatePem.trimEnd().replace(/^/gm, '      ');
  const meshConfig = (text: string): string =>
    text
      .split(/(?= {2}- pem: \|\n)/)
      .map((part) =>
        part.includes(`${domain}/foo`) ? part.replace(/^ {6}[^]*?\n(?= {4}c)/m, `${pem}\n`) : part,
      )
      .join('');
  return withMesh({ meshConfig }, async (mesh) => {
    const said = await refusal(mesh);
    await mesh.requestAs(bar);
    return { said, meanwhile: 'others are served as before' };
  });
}

const servedBySigner = {
  env: { PILOT_CERT_PROVIDER: `k8s.io/${domain}/istio-system` },
  flags: { tlsCertFile: undefined, tlsKeyFile: undefined },
};

/** By a client that trusts the signer's root. */
async function serveUnderItsRoot(mesh: RunningMesh): Promise<void> {
  const { csrPem } = await makeKeyAndRequest(uriOf(bar), 'ecdsa-p256');
  await requestCertificate({
    ...{ csrPem, protoDirectory, token: mesh.tokenOf(bar), certSigner: 'bar' },
    ...{ validitySeconds: 3600, deadlineMs: 15_000, address: mesh.app.grpcAddress },
    ...{ rootPem: mesh.rootOf('istio-system'), serverName: 'istiod.istio-system.svc' },
  });
}

/** Istio is not installed, or not of a version that has it. */
async function noProxyConfigs(): Promise<Observed> {
  const seed = ({ faults }: Sandbox): void => {
    faults.api.set({ kind: 'status', status: 404 }, proxyConfigs);
  };
  return withMesh({ seed }, async (mesh) => {
    const said = await refusal(mesh);
    await mesh.requestAs(httpbinFoo);
    return { said, meanwhile: 'who names no signer gets the mesh’s default' };
  });
}

/** Another process renews the Lease in our name, as two replicas do whose POD_NAME is the same. */
async function namesake(): Promise<Observed> {
  const lease = { resource: 'leases', namespace, name: 'istio-ra-leader' };
  const env = { ...servedBySigner.env, DISTRIBUTE_ROOTS: 'true', POD_NAME: 'istio-ra-0' };
  return withMesh({ ...servedBySigner, env }, async (mesh) => {
    await eventually(() => logOf(mesh).includes('this replica leads now'));
    mesh.sandbox.objects.change(lease, (object) => ({
      ...object,
      spec: {
        ...(object['spec'] as Readonly<Record<string, unknown>>),
        renewTime: new Date().toISOString().replace('Z', '001Z'),
      },
    }));
    await eventually(() => logOf(mesh).includes('under our own name'));
    await serveUnderItsRoot(mesh);
    return { said: { log: logOf(mesh) }, meanwhile: 'all go on as before' };
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
    { flags: byConfigMap, seed: createMeshConfig },
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
  'a root in the mesh config that is not the signer’s, or no longer': foreignRoot,
  'no right to approve for a signer': noRightToApprove,
  'no right to review tokens': noRightToReview,
  'no definition of ProxyConfig in the cluster': noProxyConfigs,
  'no right to watch ProxyConfigs': waitedFor(
    {
      seed: ({ faults }) => {
        faults.api.set({ kind: 'status', status: 403 }, proxyConfigs);
      },
    },
    {
      told: 'proxyconfigs',
      mend: ({ faults }) => {
        faults.clear();
      },
      serves: (mesh) => mesh.request(),
    },
  ),
  'a signer of our own certificate that is down': waitedFor(
    {
      ...servedBySigner,
      seed: ({ faults }) => {
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
