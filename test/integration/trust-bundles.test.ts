import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signerDomain } from '../../src/cli/sandbox-fixtures.ts';
import { textAt } from '../../src/sandbox/kube-object.ts';
import { eventually, RunningMesh } from '../support/running-mesh.ts';

const resource = 'clustertrustbundles';
const signers = ['istio-system', 'foo', 'bar'];

let mesh: RunningMesh;

beforeAll(async () => {
  mesh = await RunningMesh.start({ env: { CLUSTER_TRUST_BUNDLES: 'true' } });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

/** The roots in each ClusterTrustBundle, by its name. */
function bundles(): ReadonlyMap<string, string | undefined> {
  const all = mesh.sandbox.objects.list(resource);
  return new Map(all.map((one) => [one.metadata.name, textAt(one, 'spec', 'trustBundle')]));
}

function nameOf(signer: string): string {
  return `${signerDomain}:${signer}:istio-ra`;
}

describe('ClusterTrustBundles', () => {
  it('hold the roots of each signer', async () => {
    await eventually(() => bundles().size === signers.length);
    const wanted = signers.map((signer) => [nameOf(signer), mesh.rootOf(signer).trim()]);
    const found = [...bundles()].map(([name, pem]) => [name, pem?.trim()]);
    expect(new Map(found as [string, string][])).toEqual(new Map(wanted as [string, string][]));
  });
});
