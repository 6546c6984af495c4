import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../../e2e/runner/suite.ts';
import { Kubectl } from '../../e2e/stack/kubectl.ts';
import { Processes } from '../../e2e/stack/process.ts';
import { callFromPod } from '../mesh/caller-pod.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { ClusterNode, namespacesIn } from '../node/cluster-node.ts';

const callerOf = (namespace: string): string => `spiffe://cluster.local/ns/${namespace}/sa/caller`;

/** docs/install.md, "Remote clusters", with a second API server on the node whose folder is `node`. */
export function remoteClusterSteps(context: ClusterContext, node: string): readonly Step[] {
  const install = context.document('install.md');
  let remote: Kubectl | undefined;
  const tokenOf = async (namespace: string): Promise<string> => {
    if (remote === undefined) throw new Error('there is no remote cluster');
    return remote.createToken({ namespace, serviceAccount: 'caller' });
  };
  return [
    {
      name: 'a second API server runs on the node, with workloads of foo and bar',
      foundation: true,
      run: async () => {
        remote = await startRemote(context, node);
        for (const namespace of ['istio-system', 'foo', 'bar']) {
          await remote.run('create', 'namespace', namespace);
          await remote.run('create', 'serviceaccount', 'caller', '--namespace', namespace);
        }
      },
    },
    {
      name: 'istio-ra is told of it by the Secret that istioctl makes',
      foundation: true,
      run: async () => {
        await install.run('remote-secret');
        await install.run('remote-values');
        await install.run('remote-upgrade');
      },
    },
    {
      name: "a workload of the remote cluster's foo is served with foo's signer",
      run: async () => {
        const token = { clusterId: 'remote', tokenText: await tokenOf('foo') };
        const answer = await callFromPod(context, {
          ...{ signer: 'foo', identity: callerOf('foo') },
          ...token,
        });
        assert.equal(answer.code, 'OK', answer.text);
      },
    },
    {
      name: 'a workload of its bar is refused: the cluster is not believed for that namespace',
      run: async (show) => {
        const token = { clusterId: 'remote', tokenText: await tokenOf('bar') };
        const answer = await callFromPod(context, {
          ...{ signer: 'issuers.cert-manager.io/bar.bar', identity: callerOf('bar') },
          ...token,
        });
        assert.match(answer.code, /^(Unauthenticated|PermissionDenied)$/, answer.text);
        show(answer.text.replaceAll(/\s+/g, ' ').trim());
      },
    },
    {
      name: 'a token of the remote cluster is refused where the call does not name that cluster',
      run: async () => {
        const answer = await callFromPod(context, {
          ...{ signer: 'foo', identity: callerOf('foo') },
          tokenText: await tokenOf('foo'),
        });
        assert.equal(answer.code, 'Unauthenticated', answer.text);
      },
    },
  ];
}

async function startRemote(context: ClusterContext, node: string): Promise<Kubectl> {
  const namespaces = namespacesIn(node);
  const processes = new Processes({
    logDir: join(node, 'logs'),
    pidFile: join(node, 'pids'),
    lifetime: 'detached',
  });
  const kubeconfig = await ClusterNode.startRemoteCluster(
    { dir: node, tools: context.tools, processes, log: () => undefined },
    namespaces,
  );
  const admin = new Kubectl(context.tools.kubectl, kubeconfig);
  const whole = await admin.run('config', 'view', '--raw', '--flatten');
  writeFileSync(join(context.folder, 'remote.kubeconfig'), whole, { mode: 0o600 });
  return admin;
}
