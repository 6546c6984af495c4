import type { PodDirectory } from './pod-directory.ts';
import type { Pod } from './objects.ts';
import type { ObjectIdentity } from './resource-versions.ts';
import type { WatchHandlers } from './supervised-watch.ts';

function byName(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** Kubernetes names hold no slash, so that the parts cannot run into each other. */
function byPlace({ nodeName, namespace, serviceAccount }: Omit<Pod, 'name'>): string {
  return `${nodeName ?? ''}/${namespace}/${serviceAccount}`;
}

/** All pods of a cluster, by name and by node and account. Fed by one watch. */
export class PodIndex implements PodDirectory, WatchHandlers<Pod> {
  readonly #byName = new Map<string, Pod>();
  readonly #byPlace = new Map<string, Map<string, Pod>>();

  /** How many pods are known. */
  get size(): number {
    return this.#byName.size;
  }

  onPut(pod: Pod): void {
    this.#forget(this.find(pod.namespace, pod.name));
    this.#byName.set(byName(pod.namespace, pod.name), pod);
    const place = byPlace(pod);
    const there = this.#byPlace.get(place) ?? new Map<string, Pod>();
    there.set(pod.name, pod);
    this.#byPlace.set(place, there);
  }

  /** A late word about a pod that another has followed under the same name changes nothing. */
  onGone({ namespace = '', name, uid }: ObjectIdentity): void {
    const known = this.find(namespace, name);
    if (known?.uid === uid) this.#forget(known);
  }

  find(namespace: string, name: string): Pod | undefined {
    return this.#byName.get(byName(namespace, name));
  }

  onNode(nodeName: string, namespace: string, serviceAccount: string): readonly Pod[] {
    const there = this.#byPlace.get(`${nodeName}/${namespace}/${serviceAccount}`);
    return there === undefined ? [] : [...there.values()];
  }

  #forget(known: Pod | undefined): void {
    if (known === undefined) return;
    this.#byName.delete(byName(known.namespace, known.name));
    const place = byPlace(known);
    const there = this.#byPlace.get(place);
    there?.delete(known.name);
    if (there?.size === 0) this.#byPlace.delete(place);
  }
}
