import { GrantedIdentity } from '../../src/authz/granted-identity.ts';
import type { AssignmentInputs } from '../../src/authz/assignment-inputs.ts';
import { GrantedSigner } from '../../src/authz/granted-signer.ts';
import type { Clock } from '../../src/base/clock.ts';
import { parseSignerPolicy } from '../../src/authz/policy-file.ts';
import { noProxyConfigSnapshot } from '../../src/mesh/proxy-config-index.ts';
import type { MeshSnapshot } from '../../src/mesh/mesh-snapshot.ts';
import { loadMeshSnapshot } from '../../src/mesh/mesh-snapshot.ts';
import { buildCertificateRequest } from '../../src/pki/certificate-request-builder.ts';
import { generateKeyPair } from '../../src/pki/key-pair.ts';
import type { KeyPair } from '../../src/pki/key-pair.ts';
import { parseTrustDomain, workloadId } from '../../src/pki/spiffe-id.ts';
import { AdmittedRequest } from '../../src/ra/csr-policy.ts';
import { Decision } from '../../src/ra/decision.ts';
import type { SigningOrder } from '../../src/ra/signer.ts';

export const signerDomain = 'clusterissuers.cert-manager.io';
export const trustDomain = parseTrustDomain('cluster.local');

export function aWorkloadId(
  namespace = 'foo',
  serviceAccount = 'httpbin',
): ReturnType<typeof workloadId> {
  return workloadId({ trustDomain, namespace, serviceAccount });
}

/** The identity of a workload that proved it with its own token. */
export function aGrantedIdentity(
  namespace?: string,
  serviceAccount?: string,
): Promise<GrantedIdentity> {
  const identity = aWorkloadId(namespace, serviceAccount);
  const caller = {
    identity,
    method: 'kubernetes-token',
    cluster: 'Kubernetes',
    pod: undefined,
    allowedSigners: 'all',
  } as const;
  return GrantedIdentity.grant(
    { caller, impersonated: undefined },
    undefined,
    new AbortController().signal,
  );
}

/** A mesh whose default signer is `foo`. */
export function aMesh(extra = ''): MeshSnapshot {
  const text = `defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: foo } }\n${extra}`;
  return loadMeshSnapshot(text, 1);
}

/** A world without rules and without ProxyConfigs, around a mesh. */
export function someInputs(
  mesh: MeshSnapshot,
  change: Partial<AssignmentInputs> = {},
): AssignmentInputs {
  return {
    policy: parseSignerPolicy('', { signerDomain }),
    proxyConfigs: noProxyConfigSnapshot,
    settings: { signerDomain, defaultSigner: undefined, rootNamespace: 'istio-system' },
    mesh,
    namespaceLabels: () => undefined,
    ...change,
  };
}

export interface AnOrder {
  readonly order: SigningOrder;
  readonly keyPair: KeyPair;
}

let sharedKey: Promise<KeyPair> | undefined;

/** An order of httpbin in foo, or in another namespace, for foo's signer, admitted by the real checks. */
export async function anOrder(
  clock: Clock,
  options: {
    readonly requestId?: string;
    readonly ttlSeconds?: number;
    readonly namespace?: string;
  } = {},
): Promise<AnOrder> {
  const keyPair = await (sharedKey ??= generateKeyPair('ecdsa-p256'));
  const identity = await aGrantedIdentity(options.namespace);
  const csrPem = await buildCertificateRequest({
    keyPair,
    subject: 'empty-organization',
    uris: [identity.id.uri],
  });
  const order = {
    admitted: AdmittedRequest.admit(csrPem, identity),
    granted: GrantedSigner.grant(
      { identity, certSigner: undefined, podLabels: undefined },
      someInputs(aMesh()),
    ),
    ttlSeconds: options.ttlSeconds ?? 3600,
    decision: new Decision(options.requestId ?? 'r1', clock),
  };
  return { order, keyPair };
}
