import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportPrivateKeyPem, generateKeyPair } from '../../../src/pki/key-pair.ts';
import { refusedSettings, refusedStart, withFolder } from './observed.ts';
import type { Experiment } from './observed.ts';

const domain = { CERT_SIGNER_DOMAIN: 'clusterissuers.cert-manager.io' };

/** A settings file of that text. */
function settingsFile(text: string): Experiment {
  return () =>
    withFolder(async (folder) => {
      const file = join(folder, 'settings.yaml');
      await writeFile(file, text);
      return refusedSettings(domain, ['--config', file])();
    });
}

/** A start with a further file of that text, which a flag or a variable names. */
function startWithFile(
  text: string,
  naming: (path: string) => Parameters<typeof refusedStart>[0],
): Experiment {
  return () =>
    withFolder(async (folder) => {
      const path = join(folder, 'file');
      await writeFile(path, text);
      return refusedStart(naming(path))();
    });
}

async function onTakenPort(): ReturnType<Experiment> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await refusedStart({ flags: { secureGRPCAddr: `127.0.0.1:${port}` } })();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Mistakes that a start does not survive: whoever made them is still looking. */
export const mistakenSettings: Readonly<Record<string, Experiment>> = {
  'a setting that is none, in the file of --config': settingsFile('meshConfg: mesh.yaml\n'),
  'a duration that cannot be read': refusedSettings({ ...domain, REQUEST_BUDGET: '1 minute' }),
  'PILOT_CERT_PROVIDER=istiod': refusedSettings({ ...domain, PILOT_CERT_PROVIDER: 'istiod' }),
  'EXTERNAL_CA other than the Kubernetes API': refusedSettings({
    ...domain,
    EXTERNAL_CA: 'ISTIOD_RA_ISTIO_API',
  }),
  'no signer that a short name could mean': refusedSettings({}),
  'no certificate at --tlsCertFile': refusedStart({
    flags: { tlsCertFile: '/does/not/exist/tls.crt' },
  }),
  'a key that is not the certificate’s': async () => {
    const key = await exportPrivateKeyPem(await generateKeyPair('ecdsa-p256'));
    return startWithFile(key, (tlsKeyFile) => ({ flags: { tlsKeyFile } }))();
  },
  'a PEM in caCertificates that is none, at the start': refusedStart({
    meshConfig: (text) => text.replace('-----BEGIN CERTIFICATE-----', '-----BEGIN-----'),
  }),
  'a trustDomain that is none': refusedStart({
    meshConfig: (text) => text.replace(/^trustDomain: .*/, 'trustDomain: https://cluster.local'),
  }),
  'a signer policy that cannot be read, at the start': refusedStart({
    signerPolicy: 'rules:\n  - name: foo\n    match: { namespace: [foo] }\n    signers: [foo]\n',
  }),
  'a signer policy with a signer without roots': refusedStart({
    signerPolicy: 'rules:\n  - { name: a, match: { namespaces: [foo] }, signers: [other] }\n',
  }),
  'a file of REMOTE_CLUSTERS that cannot be read': startWithFile(
    'clusters: [{ id: west }]\n',
    (path) => ({
      env: { REMOTE_CLUSTERS: path },
    }),
  ),
  'an audit file that cannot be written': refusedStart({
    env: { AUDIT_LOG: '/does/not/exist/audit.jsonl' },
  }),
  'a port that somebody else has': onTakenPort,
};
