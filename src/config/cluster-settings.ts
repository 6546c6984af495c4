import type { Setting, SettingReader } from './setting.ts';
import { file, switchVariable, labelName, list, objectName, text } from './setting-parsers.ts';

/** Which API server, and as which replica of which control plane. */
export const clusterSettings = {
  kubeconfig: file('kubeconfig', 'kubeconfig of the cluster; else KUBECONFIG, else the pod'),
  kubeconfigVariable: {
    env: 'KUBECONFIG',
    help: 'kubeconfig files of the cluster where --kubeconfig is absent',
    placeholder: '<files>',
    parse: text,
  },
  kubernetesHost: {
    env: 'KUBERNETES_SERVICE_HOST',
    help: 'set by Kubernetes in a pod: the API server, reached with the account of the pod',
    placeholder: '<host>',
    parse: text,
  },
  kubernetesPort: {
    env: 'KUBERNETES_SERVICE_PORT',
    help: 'set by Kubernetes in a pod',
    placeholder: '<port>',
    fallback: '443',
    parse: text,
  },
  clusterId: {
    flag: 'clusterID',
    env: 'CLUSTER_ID',
    help: 'the id by which clients name this cluster',
    placeholder: '<id>',
    fallback: 'Kubernetes',
    parse: text,
  },
  clusterAliases: {
    flag: 'clusterAliases',
    help: 'other ids by which clients name this cluster',
    placeholder: '<a,b>',
    parse: list,
  },
  podNamespace: {
    flag: 'namespace',
    env: 'POD_NAMESPACE',
    help: 'the namespace this runs in',
    placeholder: '<name>',
    fallback: 'istio-system',
    parse: labelName,
  },
  podName: {
    env: 'POD_NAME',
    help: 'the name of this replica; made up where absent',
    placeholder: '<name>',
    parse: text,
  },
  serviceAccount: {
    env: 'SERVICE_ACCOUNT',
    help: 'the service account this runs with; check asks for its rights',
    placeholder: '<name>',
    parse: objectName,
  },
  revision: {
    env: 'REVISION',
    help: 'the revision of the control plane; absent or `default`: the one without a name',
    placeholder: '<name>',
    parse: labelName,
  },
  leaderElection: {
    ...switchVariable(
      'ENABLE_LEADER_ELECTION',
      'let one replica write what all share; false: this one does, and must be alone',
    ),
    fallback: 'true',
  },
} satisfies Record<string, Setting<unknown>>;

/** The API server, as far as somebody said which. */
export interface KubernetesConfig {
  readonly kubeconfigPath: string | undefined;
  readonly kubeconfigVariable: string | undefined;
  readonly pod: { readonly host: string; readonly port: string } | undefined;
}

export function readKubernetes(reader: SettingReader): KubernetesConfig {
  const host = reader.read(clusterSettings.kubernetesHost);
  const port = reader.need(clusterSettings.kubernetesPort);
  return {
    kubeconfigPath: reader.read(clusterSettings.kubeconfig),
    kubeconfigVariable: reader.read(clusterSettings.kubeconfigVariable),
    pod: host === undefined ? undefined : { host, port },
  };
}

/** Empty for the control plane without a name. */
export function readRevision(reader: SettingReader): string {
  const revision = reader.read(clusterSettings.revision) ?? '';
  return revision === 'default' ? '' : revision;
}
