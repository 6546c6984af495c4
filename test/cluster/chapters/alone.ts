import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Step } from '../../e2e/runner/suite.ts';
import { requestCertificate, type RequestReport } from '../../e2e/stack/agent.ts';
import { agentInNode } from '../mesh/agent-in-node.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { emptyClusterStep } from '../mesh/empty-cluster.ts';
import { installCertManager } from './fresh-mesh.ts';

/** docs/install.md, "Alone": no Istio is there, and the client is a machine outside of the cluster. */
export function aloneSteps(context: ClusterContext, node: string): readonly Step[] {
  const install = context.document('install.md');
  const file = (name: string): string => join(context.folder, name);
  let agent = '';
  let address = '';
  const ask = (signer: string, more: { readonly rootFile?: string } = {}): Promise<RequestReport> =>
    requestCertificate(agent, {
      ...{ address, serverName: 'istio-ra.istio-system.svc', rootFile: file('root-cert.pem') },
      ...{ tokenFile: file('istio-token'), certSigner: signer, key: 'p256', retries: false },
      ...more,
    });
  return [
    emptyClusterStep(context),
    {
      name: 'cert-manager and the issuers of docs/install.md are there, and nothing of Istio',
      foundation: true,
      run: async () => {
        await installCertManager(context);
        for (const block of ['namespaces', 'issuers', 'mesh-config', 'values']) {
          await install.run(block);
        }
        const found = await context.type('kubectl get crd -o name');
        assert.doesNotMatch(found, /istio\.io/);
      },
    },
    {
      name: 'istio-ra is installed alone, with the mesh config among its values',
      foundation: true,
      run: async (show) => {
        await install.run('alone-install');
        await install.run('alone-token');
        agent = await agentInNode(context, node, show);
        const path = '{.spec.clusterIP}';
        const ip = await context.type(
          `kubectl get service istio-ra --namespace istio-system -o jsonpath='${path}'`,
        );
        address = `${ip}:15012`;
      },
    },
    {
      name: "a machine outside of the cluster is served with its namespace's signer",
      run: async (show) => {
        const report = await ask('foo');
        assert.ok(report.ok, JSON.stringify(report));
        assert.deepEqual(report.leaf?.sans, ['spiffe://cluster.local/ns/foo/sa/vm']);
        show(`issuer ${report.leaf.issuer}; ${report.leaf.sans.join(', ')}`);
      },
    },
    {
      name: "it is refused another tenant's signer",
      run: async (show) => {
        const report = await ask('issuers.cert-manager.io/bar.bar');
        assert.equal(report.code, 'PermissionDenied', JSON.stringify(report));
        show(report.message ?? '');
      },
    },
    {
      name: 'it believes no istio-ra whose certificate does not lead to the roots that it was given',
      run: async (show) => {
        await context.type(
          `kubectl get secret foo-root --namespace cert-manager -o jsonpath='{.data.tls\\.crt}' |
             base64 -d > foo-root.pem`,
        );
        const report = await ask('foo', { rootFile: file('foo-root.pem') });
        assert.equal(report.ok, false);
        assert.equal(report.code, 'Unavailable', JSON.stringify(report));
        show(report.message ?? '');
      },
    },
  ];
}
