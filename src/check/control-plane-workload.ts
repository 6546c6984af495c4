import { listAt, textAt, stringMapAt, valueAt } from '../base/json.ts';

/** A Deployment or DaemonSet of a control plane, as far as its settings tell something. */
export interface ControlPlaneWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `default` where its template names none. */
  readonly serviceAccount: string;
  /** Of its containers, each once. */
  readonly images: readonly string[];
  readonly args: readonly string[];
  /** Those that stand there as text, of all containers; of two of one name the last, as Kubernetes has it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Reads a Deployment or a DaemonSet; what is missing in it is empty. */
export function readControlPlaneWorkload(object: unknown): ControlPlaneWorkload {
  const pod = valueAt(object, 'spec', 'template', 'spec');
  const containers = listAt(pod, 'containers');
  return {
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name'),
    labels: stringMapAt(object, 'metadata', 'labels'),
    serviceAccount: textAt(pod, 'serviceAccountName') || 'default',
    images: containers.map((container) => textAt(container, 'image')),
    args: containers.flatMap((container) => textsOf(listAt(container, 'args'))),
    env: Object.fromEntries(
      containers.flatMap((container) => listAt(container, 'env').flatMap(readVariable)),
    ),
  };
}

function readVariable(variable: unknown): readonly (readonly [string, string])[] {
  const value = valueAt(variable, 'value');
  // What comes from elsewhere (valueFrom) is not known, and an absent value is an empty one.
  if (valueAt(variable, 'valueFrom') !== undefined) return [];
  return [[textAt(variable, 'name'), typeof value === 'string' ? value : '']];
}

function textsOf(values: readonly unknown[]): readonly string[] {
  return values.filter((value) => typeof value === 'string');
}

/** As Go's strconv.ParseBool reads what istiod is given. */
export function isOn(value: string | undefined): boolean {
  return /^(?:1|t|true)$/i.test(value ?? '');
}

/** Its namespace and name, for people. */
export function placeOf({
  namespace,
  name,
}: Pick<ControlPlaneWorkload, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
