import { settingNames } from '../../../src/config/serve-settings.ts';
import { parseSettingsFile } from '../../../src/config/settings-file.ts';
import type { SettingTexts } from '../../../src/config/setting.ts';
import { only, render } from './chart.ts';
import type { Rendered, Values } from './chart.ts';

export interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly volumeMounts: readonly Mount[];
  readonly [field: string]: unknown;
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
  }[];
  readonly [field: string]: unknown;
}

/** The pod of the rendered Deployment. */
export interface RenderedPod {
  readonly pod: PodSpec;
  /** Its one container. */
  readonly ra: Container;
  readonly annotations: Readonly<Record<string, string>>;
  /** The flags, the variables and the settings file of `serve` there. */
  readonly texts: SettingTexts;
}

export async function renderedPod(values: Values): Promise<RenderedPod> {
  const objects = await render(values);
  const { spec } = only(objects, 'Deployment') as unknown as {
    spec: { template: { metadata: { annotations: Record<string, string> }; spec: PodSpec } };
  };
  const pod = spec.template.spec;
  const [ra] = pod.containers;
  if (ra === undefined) throw new Error('the pod has no container');
  return {
    pod,
    ra,
    annotations: spec.template.metadata.annotations,
    texts: textsOf(ra, pod, objects),
  };
}

function textsOf(ra: Container, pod: PodSpec, objects: readonly Rendered[]): SettingTexts {
  const [, ...words] = ra.args;
  const flags = words.map((word) => /^--([^=]+)=(.*)$/.exec(word)?.slice(1) ?? [word]);
  const env = Object.fromEntries(ra.env.map(({ name, value }) => [name, value ?? 'of-the-pod']));
  const path = env['ISTIO_RA_CONFIG'] ?? '';
  const text = fileAt(path, ra, pod, objects);
  return {
    flags: Object.fromEntries(flags) as Record<string, string>,
    env,
    file: parseSettingsFile(text, { path, settings: settingNames }),
  };
}

/** What a file holds that is mounted by itself, from a ConfigMap. Throws where there is none. */
function fileAt(
  path: string,
  { volumeMounts }: Container,
  { volumes }: PodSpec,
  objects: readonly Rendered[],
): string {
  const mount = volumeMounts.find(({ mountPath }) => mountPath === path);
  const volume = volumes.find(({ name }) => name === mount?.name);
  const { data } = only(objects, 'ConfigMap', volume?.configMap?.name) as unknown as {
    data: Record<string, string>;
  };
  const text = data[mount?.subPath ?? ''];
  if (text === undefined) throw new Error(`nothing is mounted at ${path}`);
  return text;
}
