import { parseSignerPolicy } from '../authz/policy-file.ts';
import { checkPolicyAgainstMesh } from '../authz/policy-mesh-check.ts';
import type { AssignmentInputs } from '../authz/assignment-inputs.ts';
import { callWithin } from '../base/deadline.ts';
import { textAt, stringMapAt } from '../base/json.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { defaultRootConfigMapName } from '../distribution/root-config-map-name.ts';
import { isNotFound } from '../kube/api-error.ts';
import type { ObjectSelection } from '../kube/cluster-inspection.ts';
import type { Namespace } from '../kube/objects.ts';
import { parseProxyConfig } from '../mesh/proxy-config.ts';
import type { ProxyConfigEntry } from '../mesh/proxy-config.ts';
import { ProxyConfigIndex } from '../mesh/proxy-config-index.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import { parseCertificateBundle } from '../pki/pem.ts';
import { readControlPlaneWorkload } from './control-plane-workload.ts';
import type { ControlPlaneWorkload } from './control-plane-workload.ts';
import { factOf, known, knownFact, reportedBy, unknownFact } from './fact.ts';
import type { Fact } from './fact.ts';
import type { Facts, MeshFacts, PodFacts, PolicyFacts, ServerFacts } from './facts.ts';
import { readInjectedPod } from './injected-pod.ts';
import type { CheckPorts } from './ports.ts';
import { readMesh } from './read-mesh.ts';
import { readRootConfigMap } from './read-root-config-map.ts';

const limitMs = 5_000;

/** Seeks everything that checks judge by, each thing for itself and within 5 s. Never rejects. */
export async function gatherFacts(
  config: RaConfig,
  ports: CheckPorts,
  signal: AbortSignal,
): Promise<Facts> {
  const gatherer = new Gatherer(config, ports, signal);
  return gatherer.gather();
}

class Gatherer {
  readonly #config: RaConfig;
  readonly #ports: CheckPorts;
  readonly #parent: AbortSignal;

  constructor(config: RaConfig, ports: CheckPorts, parent: AbortSignal) {
    this.#config = config;
    this.#ports = ports;
    this.#parent = parent;
  }

  async gather(): Promise<Facts> {
    const server = reportedBy('api-reachable', await this.#seek((signal) => this.#server(signal)));
    // Asked of a server that is away, each would only repeat that it is.
    const away = unknownFact('it rests on what api-reachable looks at');
    const ask = <T>(step: (signal: AbortSignal) => Promise<T>): Promise<Fact<T>> =>
      server.kind === 'known' ? this.#seek(step) : Promise.resolve(away);
    const { podNamespace } = this.#config;
    const mesh = reportedBy(
      'mesh-config',
      await this.#seek((signal) => readMesh(this.#config, this.#ports, signal)),
    );
    const [policyRead, clientRoots, proxyConfigs, namespaces, pods, hasCertManager, ...others] =
      await Promise.all([
        this.#seek(() => this.#policy(mesh)),
        this.#seek(() => this.#clientRoots(mesh)),
        ask((signal) => this.#proxyConfigs(signal)),
        ask((signal) => this.#namespaces(signal)),
        ask((signal) => this.#pods(signal)),
        ask((signal) => this.#ports.inspection.hasGroup('cert-manager.io', signal)),
        ask((signal) => this.#workloads('deployments', 'app=istiod', signal, podNamespace)),
        ask((signal) => this.#workloads('daemonsets', 'app=ztunnel', signal)),
        ask((signal) => this.#workloads('deployments', certManagerLabels, signal)),
      ]);
    const [rootConfigMaps, injectorValues] = await Promise.all([
      ask((signal) => this.#rootConfigMaps(signal)),
      ask((signal) => this.#injectorValues(signal)),
    ]);
    const policy = reportedBy('signer-policy', policyRead);
    const [istiods, nodeAgents, certManagers] = others;
    const inputs = await this.#seek(() => this.#inputs({ mesh, policy, proxyConfigs, namespaces }));
    return {
      server,
      mesh,
      policy,
      clientRoots,
      proxyConfigs,
      namespaces,
      pods,
      hasCertManager,
      istiods,
      nodeAgents,
      certManagers,
      rootConfigMaps,
      injectorValues,
      inputs,
    };
  }

  async #seek<T>(step: (signal: AbortSignal) => Promise<T> | T): Promise<Fact<T>> {
    const reason = (): Error => new Error(`there was no answer within ${limitMs / 1000} s`);
    const options = { clock: this.#ports.clock, ms: limitMs, reason, parent: this.#parent };
    try {
      const value = await callWithin(options, async (signal) => step(signal));
      return knownFact(value);
    } catch (error) {
      return factOf(error);
    }
  }

  async #server(signal: AbortSignal): Promise<ServerFacts> {
    const version = await this.#ports.inspection.serverVersion(signal);
    return { version, clockSkewMs: this.#ports.clockSkewMs() };
  }

  async #policy(mesh: Fact<MeshFacts>): Promise<PolicyFacts> {
    const { signerPolicyPath: path, signerDomain } = this.#config;
    const text = path === undefined ? '' : await this.#ports.readText(path);
    if (text === undefined) throw new Error(`there is no file ${path ?? ''}`);
    const policy = parseSignerPolicy(text, { signerDomain });
    const held =
      mesh.kind === 'known'
        ? checkPolicyAgainstMesh(policy, mesh.value.snapshot)
        : { problems: [], unboundSigners: [] };
    return { policy, ...held };
  }

  async #clientRoots(mesh: Fact<MeshFacts>): Promise<readonly Certificate[]> {
    const { serving } = this.#config;
    if (serving.kind === 'none') return [];
    const ofSigner =
      serving.kind === 'signer' ? known(mesh).snapshot.trust.rootsSentFor(serving.signerName) : [];
    const { rootsFile } = serving;
    if (rootsFile === undefined) return ofSigner;
    const text = await this.#ports.readText(rootsFile);
    if (text === undefined) throw new Error(`there is no file ${rootsFile}`);
    return [...ofSigner, ...parseCertificateBundle(text).map((der) => parseCertificate(der))];
  }

  async #proxyConfigs(signal: AbortSignal): Promise<readonly ProxyConfigEntry[]> {
    if (this.#config.proxyConfigs === 'ignore') return [];
    const items = await this.#list(
      { group: 'networking.istio.io', version: 'v1beta1', resource: 'proxyconfigs' },
      signal,
    ).catch((error: unknown) => {
      // A cluster without the resource has none of them, and `serve` runs there too.
      if (isNotFound(error)) return [];
      throw error;
    });
    return items.flatMap((item) => parseProxyConfig(item) ?? []);
  }

  async #namespaces(signal: AbortSignal): Promise<readonly Namespace[]> {
    const items = await this.#list({ group: '', version: 'v1', resource: 'namespaces' }, signal);
    return items.map((item) => ({
      name: textAt(item, 'metadata', 'name'),
      uid: textAt(item, 'metadata', 'uid'),
      resourceVersion: textAt(item, 'metadata', 'resourceVersion'),
      labels: stringMapAt(item, 'metadata', 'labels'),
      annotations: {},
      phase: textAt(item, 'status', 'phase'),
    }));
  }

  async #pods(signal: AbortSignal): Promise<PodFacts> {
    const selection = { group: '', version: 'v1', resource: 'pods' };
    const { items, isWhole } = await this.#ports.inspection.list(selection, signal);
    return { pods: items.flatMap((item) => readInjectedPod(item) ?? []), isWhole };
  }

  async #workloads(
    resource: 'deployments' | 'daemonsets',
    labelSelector: string,
    signal: AbortSignal,
    namespace?: string,
  ): Promise<readonly ControlPlaneWorkload[]> {
    const place = namespace === undefined ? {} : { namespace };
    const selection = { group: 'apps', version: 'v1', resource, labelSelector, ...place };
    return (await this.#list(selection, signal)).map(readControlPlaneWorkload);
  }

  async #rootConfigMaps(signal: AbortSignal) {
    const name = this.#config.rootDistribution?.configMapName ?? defaultRootConfigMapName;
    const selection = { group: '', version: 'v1', resource: 'configmaps', name };
    return (await this.#list(selection, signal)).map(readRootConfigMap);
  }

  async #injectorValues(signal: AbortSignal): Promise<string> {
    const { podNamespace: namespace, revision } = this.#config;
    const name = `istio-sidecar-injector${revision === '' ? '' : `-${revision}`}`;
    const selection = { group: '', version: 'v1', resource: 'configmaps', namespace, name };
    const [map] = await this.#list(selection, signal);
    return stringMapAt(map, 'data')['values'] ?? '';
  }

  #inputs({
    mesh,
    policy,
    proxyConfigs,
    namespaces,
  }: Pick<Facts, 'mesh' | 'policy' | 'proxyConfigs' | 'namespaces'>): AssignmentInputs {
    const { snapshot } = known(mesh);
    const { signerDomain, defaultSigner, cluster } = this.#config;
    const { rootNamespace } = snapshot.config;
    const index = new ProxyConfigIndex();
    for (const entry of known(proxyConfigs)) index.put(entry);
    const all = namespaces.kind === 'known' ? namespaces.value : [];
    const labels = new Map(all.map((namespace) => [namespace.name, namespace.labels]));
    return {
      policy: known(policy).policy,
      proxyConfigs: index.current(),
      settings: { signerDomain, defaultSigner, rootNamespace },
      mesh: snapshot,
      namespaceLabels: (namespace, of) => (of === cluster.id ? labels.get(namespace) : undefined),
    };
  }

  /** Throws where there is more than is read: half of it would be judged as if it were all. */
  async #list(selection: ObjectSelection, signal: AbortSignal): Promise<readonly unknown[]> {
    const { items, isWhole } = await this.#ports.inspection.list(selection, signal);
    if (isWhole) return items;
    throw new Error(`there are more ${selection.resource} than are read`);
  }
}

const certManagerLabels =
  'app.kubernetes.io/name=cert-manager,app.kubernetes.io/component=controller';
