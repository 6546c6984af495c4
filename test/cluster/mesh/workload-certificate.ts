import { X509Certificate } from 'node:crypto';
import type { ClusterContext } from './cluster-context.ts';

export interface WorkloadCertificate {
  readonly issuer: string;
  readonly serial: string;
  readonly identity: string;
  /** Common names of the roots that the workload trusts. */
  readonly roots: readonly string[];
}

interface SecretDump {
  readonly dynamicActiveSecrets?: readonly {
    readonly name?: string;
    readonly secret?: {
      readonly tlsCertificate?: { readonly certificateChain?: { readonly inlineBytes?: string } };
      readonly validationContext?: { readonly trustedCa?: { readonly inlineBytes?: string } };
    };
  }[];
}

/** The certificate that a workload's Envoy uses now, as `istioctl proxy-config secret` shows it. */
export async function workloadCertificate(
  context: ClusterContext,
  namespace: string,
  workload: string,
): Promise<WorkloadCertificate> {
  const line = `istioctl proxy-config secret ${workload} --namespace ${namespace} -o json`;
  const dump = JSON.parse(await context.type(line)) as SecretDump;
  const secret = (name: string): NonNullable<SecretDump['dynamicActiveSecrets']>[number] => {
    const found = dump.dynamicActiveSecrets?.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`${workload} in ${namespace} has no secret ${name}`);
    return found;
  };
  const chain = secret('default').secret?.tlsCertificate?.certificateChain?.inlineBytes;
  const trusted = secret('ROOTCA').secret?.validationContext?.trustedCa?.inlineBytes;
  const [leaf] = certificatesIn(chain);
  if (leaf === undefined) throw new Error(`${workload} in ${namespace} has no certificate`);
  return {
    issuer: leaf.issuer,
    serial: leaf.serialNumber,
    identity: leaf.subjectAltName ?? '',
    roots: certificatesIn(trusted).map(({ subject }) => subject),
  };
}

function certificatesIn(base64: string | undefined): readonly X509Certificate[] {
  const text = Buffer.from(base64 ?? '', 'base64').toString();
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  return blocks.map((pem) => new X509Certificate(pem));
}
