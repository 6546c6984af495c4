import type { PodDirectory } from './pod-directory.ts';
import type { Pod } from './pods.ts';

function byName(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** Kubernetes names hold no slash, so that the parts cannot run into each other. */
function byPlace({ nodeName, namespace, serviceAccount }: Omit<Pod, 'name'>): string {
  return `${nodeName ?? ''}/${namespace}/${serviceAccount}`;
}

/** All pods of a cluster, by name and by node and account. Fed by one watch. */
export class PodIndex implements PodDirectory {
  readonly #byName = new Map<string, Pod>();
  readonly #byPlace = new Map<string, Map<string, Pod>>();

  /** How many pods are known. */
  get size(): number {
    return this.#byName.size;
  }

  put(pod: Pod): void {
    this.gone(pod);
    this.#byName.set(byName(pod.namespace, pod.name), pod);
    const place = byPlace(pod);
    const there = this.#byPlace.get(place) ?? new Map<string, Pod>();
    there.set(pod.name, pod);
    this.#byPlace.set(place, there);
  }

  gone({ namespace, name }: Pick<Pod, 'namespace' | 'name'>): void {
    const key = byName(namespace, name);
    const known = this.#byName.get(key);
    if (known === undefined) return;
    this.#byName.delete(key);
    const place = byPlace(known);
    const there = this.#byPlace.get(place);
    there?.delete(name);
    if (there?.size === 0) this.#byPlace.delete(place);
  }

  find(namespace: string, name: string): Pod | undefined {
    return this.#byName.get(byName(namespace, name));
  }

  onNode(nodeName: string, namespace: string, serviceAccount: string): readonly Pod[] {
    const there = this.#byPlace.get(`${nodeName}/${namespace}/${serviceAccount}`);
    return there === undefined ? [] : [...there.values()];
  }
}
