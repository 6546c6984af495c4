import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Manifest } from '../stack/kubectl.ts';

/** How a kubelet would start istio-ra. */
export interface RenderedStart {
  readonly nodeFlags: readonly string[];
  /** Flags of `serve`, without their dashes. */
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly volumeMounts?: readonly Mount[];
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  /** One file of the volume; the whole volume where absent. */
  readonly subPath?: string;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
  }[];
}

export interface Pod {
  readonly name: string;
  readonly namespace: string;
  /** Stands for the pod's file system: rendered ConfigMaps are mounted there, other volumes are empty. */
  readonly folder: string;
}

/** What the rendered Deployment says of its container, for one pod. Throws for what no kubelet could do. */
export function renderedStart(objects: readonly Manifest[], pod: Pod): RenderedStart {
  const spec = podSpecIn(objects);
  const [container] = spec.containers;
  if (container === undefined) throw new Error('the Deployment has no container');
  const [node, ...command] = container.command;
  const program = command.pop();
  if (node !== '/nodejs/bin/node' || program !== '/app/dist/istio-ra.js') {
    throw new Error(`the image has no such program: ${container.command.join(' ')}`);
  }
  const mounted = mount(container, spec, objects, pod.folder);
  const inPod = ([name, value]: readonly [string, string]): readonly [string, string] => [
    name,
    mounted(value),
  ];
  const env = Object.fromEntries(Object.entries(environment(container.env, pod, spec)).map(inPod));
  rewriteSettings(env['ISTIO_RA_CONFIG'], mounted);
  return {
    nodeFlags: command,
    flags: Object.fromEntries(flagsOf(container.args).map(inPod)),
    env,
  };
}

/** Paths in the settings file are those of the pod, too. */
function rewriteSettings(file: string | undefined, mounted: (path: string) => string): void {
  if (file === undefined) throw new Error('the Deployment names no settings file');
  const settings = parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
  const rewritten = Object.entries(settings).map(([name, value]) => [
    name,
    typeof value === 'string' ? mounted(value) : value,
  ]);
  writeFileSync(file, stringify(Object.fromEntries(rewritten)));
}

function podSpecIn(objects: readonly Manifest[]): PodSpec {
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('no Deployment was rendered');
  return (deployment['spec'] as { readonly template: { readonly spec: PodSpec } }).template.spec;
}

function flagsOf([command, ...words]: readonly string[]): [string, string][] {
  if (command !== 'serve') throw new Error(`not a start of the server: ${String(command)}`);
  return words.map((word) => {
    const [, name, value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a flag: ${word}`);
    return [name, value];
  });
}

/** Variables in their order, where later ones may name earlier ones as `$(NAME)`. */
function environment(
  variables: readonly Variable[],
  pod: Pod,
  { serviceAccountName }: PodSpec,
): Record<string, string> {
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.name,
    'metadata.namespace': pod.namespace,
    'spec.serviceAccountName': serviceAccountName,
  };
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of variables) {
    const path = valueFrom?.fieldRef.fieldPath;
    const text = path === undefined ? value : fields[path];
    if (text === undefined) throw new Error(`${name} has no value`);
    env[name] = text.replace(/\$\((\w+)\)/g, (whole, other: string) => env[other] ?? whole);
  }
  return env;
}

/** Makes the volumes; returns what turns a path of the pod into one of ours. */
function mount(
  { volumeMounts = [] }: Container,
  { volumes = [] }: PodSpec,
  objects: readonly Manifest[],
  folder: string,
): (path: string) => string {
  for (const { name, mountPath, subPath } of volumeMounts) {
    const at = join(folder, mountPath);
    const source = volumes.find((volume) => volume.name === name)?.configMap?.name;
    const files = Object.entries(dataOf(objects, source));
    mkdirSync(subPath === undefined ? at : dirname(at), { recursive: true });
    for (const [file, text] of files) {
      if (subPath === undefined) writeFileSync(join(at, file), text);
      if (subPath === file) writeFileSync(at, text);
    }
  }
  const isMounted = (path: string): boolean =>
    volumeMounts.some(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
  return (path) => (isMounted(path) ? join(folder, path) : path);
}

/** What a rendered ConfigMap holds; nothing where it was not rendered. */
function dataOf(
  objects: readonly Manifest[],
  wanted: string | undefined,
): Readonly<Record<string, string>> {
  const map = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === wanted,
  );
  return (map?.['data'] ?? {}) as Readonly<Record<string, string>>;
}
