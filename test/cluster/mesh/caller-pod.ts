import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import type { Manifest } from '../../e2e/stack/kubectl.ts';
import { callerImage } from '../images/cluster-images.ts';
import type { ClusterContext } from './cluster-context.ts';

const protoFile = join(import.meta.dirname, '..', '..', '..', 'proto', 'ca.proto');

export interface CallFromPod {
  readonly signer: string;
  readonly identity: string;
  /** Which of the pod's tokens; default that for istio-ra. */
  readonly token?: 'istio-ca' | 'other-audience';
  /** Another token, in place of those of the pod. */
  readonly tokenText?: string;
  /** The cluster that the caller says it is in. */
  readonly clusterId?: string;
}

export interface AnswerToPod {
  /** `OK`, or the name of a gRPC code. */
  readonly code: string;
  readonly text: string;
}

/**
 * A pod of foo with an injected sidecar and a second container that can call istio-ra by itself: grpcurl and
 * openssl, the roots, and tokens of the pod's own account. Its author lets these calls pass by the sidecar.
 */
export function callerPod(
  name: string,
  { annotations = {} }: { readonly annotations?: Readonly<Record<string, string>> } = {},
): readonly Manifest[] {
  const tokenFor = (audience: string): unknown => ({
    serviceAccountToken: { audience, path: audience, expirationSeconds: 3600 },
  });
  const account = { name: 'caller', namespace: 'foo' };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ca-proto', namespace: 'foo' },
      data: { 'ca.proto': readFileSync(protoFile, 'utf8') },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'foo',
        labels: { app: name },
        annotations: { 'traffic.sidecar.istio.io/excludeOutboundPorts': '15012', ...annotations },
      },
      spec: {
        serviceAccountName: account.name,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'caller',
            image: callerImage,
            imagePullPolicy: 'IfNotPresent',
            command: ['sleep', '3600'],
            volumeMounts: ['tokens', 'roots', 'proto'].map((volume) => ({
              name: volume,
              mountPath: `/${volume}`,
            })),
          },
        ],
        volumes: [
          {
            name: 'tokens',
            projected: { sources: [tokenFor('istio-ca'), tokenFor('other-audience')] },
          },
          { name: 'roots', configMap: { name: 'istio-ca-root-cert' } },
          { name: 'proto', configMap: { name: 'ca-proto' } },
        ],
      },
    },
  ];
}

/** Has the second container of the pod `caller` make a key, and ask for a certificate by grpcurl. */
export async function callFromPod(
  context: ClusterContext,
  { signer, identity, token = 'istio-ca', tokenText, clusterId }: CallFromPod,
): Promise<AnswerToPod> {
  const bearer = tokenText ?? `$(cat /tokens/${token})`;
  const cluster = clusterId === undefined ? '' : `-H 'clusterid: ${clusterId}'`;
  const script = `set -e
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /tmp/key -subj / \
  -addext 'subjectAltName=critical,URI:${identity}' -out /tmp/csr 2>/dev/null
csr=$(while read -r line; do printf '%s\\\\n' "$line"; done < /tmp/csr)
grpcurl -cacert /roots/root-cert.pem -import-path /proto -proto ca.proto \
  -H "authorization: Bearer ${bearer}" ${cluster} \
  -d "{\\"csr\\": \\"$csr\\", \\"validity_duration\\": 3600, \\"metadata\\": {\\"CertSigner\\": \\"${signer}\\"}}" \
  istio-ra.istio-system.svc:15012 istio.v1.auth.IstioCertificateService/CreateCertificate`;
  const { code, stdout, stderr } = await context.kubectl.attempt(
    ...['exec', '--namespace', 'foo', 'caller', '-c', 'caller', '--', 'bash', '-c', script],
  );
  const text = `${stdout}${stderr}`;
  if (code === 0) return { code: 'OK', text };
  const refused = /Code: (\w+)/.exec(text)?.[1];
  if (refused === undefined) throw new Error(`the call did not reach istio-ra: ${text}`);
  return { code: refused, text };
}
