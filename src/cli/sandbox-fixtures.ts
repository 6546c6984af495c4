import type { Sandbox } from '../sandbox/sandbox.ts';

export const signerDomain = 'clusterissuers.cert-manager.io';
export const systemNamespace = 'istio-system';
export const servingName = 'istiod.istio-system.svc';
export const trustDomain = 'cluster.local';

/** A workload of the reference set-up. */
export interface SampleWorkload {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export const tenants = ['foo', 'bar'] as const;
export const workloads: readonly SampleWorkload[] = tenants.flatMap((namespace) =>
  ['httpbin', 'sleep'].map((serviceAccount) => ({ namespace, serviceAccount })),
);

export function uriOf({ namespace, serviceAccount }: SampleWorkload): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Puts into the sandbox's API what a user of Istio's custom CA set-up has in the cluster. */
export function seedSandbox({ objects }: Sandbox): void {
  for (const tenant of tenants) {
    objects.createNamespace(tenant, { 'istio-injection': 'enabled' });
    objects.createProxyConfig({
      namespace: tenant,
      name: `${tenant}pc`,
      environmentVariables: { ISTIO_META_CERT_SIGNER: tenant },
    });
  }
  for (const { namespace, serviceAccount } of workloads) {
    objects.createServiceAccount(namespace, serviceAccount);
    const name = podOf({ namespace, serviceAccount });
    const labels = { app: serviceAccount };
    objects.createPod({ namespace, name, serviceAccount, nodeName: 'node-1', labels });
  }
}

/** The name of a workload's one pod. */
export function podOf({ serviceAccount }: SampleWorkload): string {
  return `${serviceAccount}-1`;
}

function indented(pem: string): string {
  return pem.trimEnd().replace(/^/gm, '      ');
}

/** The mesh config of the reference set-up, with the roots of the sandbox's signers. */
export function meshConfigYaml(signers: Sandbox['signers']): string {
  const entries = signers.map(
    ({ signerName, rootPem }) =>
      `  - pem: |\n${indented(rootPem)}\n    certSigners:\n      - ${signerName}\n`,
  );
  return [
    `trustDomain: ${trustDomain}\n`,
    'defaultConfig:\n  proxyMetadata:\n',
    `    ISTIO_META_CERT_SIGNER: ${systemNamespace}\n`,
    'caCertificates:\n',
    ...entries,
  ].join('');
}
