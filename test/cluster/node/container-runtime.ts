import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Processes } from '../../e2e/stack/process.ts';
import type { NodeNamespaces } from './node-namespaces.ts';

export const containerdSocket = '/run/containerd/containerd.sock';
export const pauseImage = 'registry.k8s.io/pause:3.10';

export interface ContainerRuntimeOptions {
  readonly dir: string;
  readonly namespaces: NodeNamespaces;
  readonly processes: Processes;
  readonly cniFolder: string;
  /** Paths of containerd and ctr; the shim lies beside containerd. */
  readonly containerd: string;
  readonly ctr: string;
}

export type RunningContainerRuntime = Pick<ContainerRuntimeOptions, 'namespaces' | 'ctr'>;

/** containerd in the node's namespaces, which runs pods by runc. */
export class ContainerRuntime {
  private readonly options: RunningContainerRuntime;

  private constructor(options: RunningContainerRuntime) {
    this.options = options;
  }

  /** One that was started before. */
  static of(options: RunningContainerRuntime): ContainerRuntime {
    return new ContainerRuntime(options);
  }

  /** Starts it and waits until it answers. */
  static async start(options: ContainerRuntimeOptions): Promise<ContainerRuntime> {
    const { dir, namespaces, processes } = options;
    const config = join(dir, 'containerd.toml');
    mkdirSync(dir, { recursive: true });
    writeFileSync(config, configuration(options));
    const running = processes.start({
      name: 'containerd',
      ...namespaces.entering(options.containerd, ['--config', config]),
      env: { ...process.env, PATH: `${dirname(options.containerd)}:${process.env['PATH'] ?? ''}` },
    });
    const runtime = new ContainerRuntime(options);
    await running.awaitReady(async () => (await runtime.ctr('version')) !== '');
    return runtime;
  }

  /** Takes the images of a loadable archive, for the kubelet to find. */
  async importImage(archive: string): Promise<void> {
    await this.ctr('--namespace', 'k8s.io', 'images', 'import', '--local', archive);
  }

  private ctr(...args: readonly string[]): Promise<string> {
    return this.options.namespaces.run(this.options.ctr, ['--address', containerdSocket, ...args]);
  }
}

/**
 * The machine may have no AppArmor, and this process not the right to lower a process's chance of being
 * ended for want of memory (CAP_SYS_RESOURCE); containerd is told of both.
 */
function configuration({ dir, cniFolder }: ContainerRuntimeOptions): string {
  return `version = 3
root = "${join(dir, 'containerd')}"
state = "/run/containerd"
[grpc]
address = "${containerdSocket}"
[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "${pauseImage}"
[plugins.'io.containerd.cri.v1.runtime']
disable_apparmor = true
restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "${cniFolder}"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}
