import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Manifest } from '../stack/kubectl.ts';
import type { Workload, World } from './world.ts';

/** What the token of a workload says. */
export interface TokenClaims {
  readonly sub: string;
  readonly aud: readonly string[];
  readonly pod: string | undefined;
}

/** Pods of a node that is not there are removed, so there is one, without a kubelet. */
const node: Manifest = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };

/**
 * Makes service account and Pod of a workload and, as a kubelet does, a token for that Pod in a
 * file. Returns what the token says.
 */
export async function deploy(world: World, workload: Workload): Promise<TokenClaims> {
  const { namespace, account } = workload;
  const { kubectl } = world.controlPlane;
  const metadata = { name: account, namespace };
  await kubectl.apply([
    node,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    podOf(workload),
  ]);
  const token = await kubectl.createToken({
    namespace,
    serviceAccount: account,
    pod: `${account}-1`,
    durationSeconds: 30 * 86_400,
  });
  const file = world.boundToken(workload);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, token, { mode: 0o600 });
  return claimsOf(token);
}

function podOf({ namespace, account }: Workload): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${account}-1`, namespace, labels: { app: account } },
    spec: {
      nodeName: node.metadata.name,
      serviceAccountName: account,
      containers: [{ name: account, image: 'none' }],
    },
  };
}

function claimsOf(token: string): TokenClaims {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const {
    sub,
    aud,
    'kubernetes.io': bound,
  } = JSON.parse(payload) as {
    readonly sub: string;
    readonly aud: readonly string[];
    readonly 'kubernetes.io'?: { readonly pod?: { readonly name: string } };
  };
  return { sub, aud, pod: bound?.pod?.name };
}
