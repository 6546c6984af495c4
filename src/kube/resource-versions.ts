/** Which object this is, and which state of it. */
export interface ObjectIdentity {
  readonly name: string;
  /** Undefined for objects that live in no namespace. */
  readonly namespace?: string | undefined;
  readonly uid: string;
}

const decimal = /^\d+$/;

/**
 * Whether `one` is an older state than `other`. Versions of one resource are decimal numbers that
 * grow (API conventions, since Kubernetes 1.35); anything else cannot be compared and is not older.
 */
export function isOlder(one: string, other: string): boolean {
  if (!decimal.test(one) || !decimal.test(other)) return false;
  return one.length === other.length ? one < other : one.length < other.length;
}

/**
 * The state in which each object was seen last, and nothing more of it: enough to drop what is
 * older and to find out what vanished while nobody watched.
 */
export class SeenVersions {
  readonly #max: number;
  readonly #byUid = new Map<
    string,
    { readonly object: ObjectIdentity; readonly version: string }
  >();

  /** Objects beyond `most` are not remembered, so that their vanishing may go unnoticed. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** False when this state, or a later one, was seen before. */
  note(object: ObjectIdentity, version: string): boolean {
    const seen = this.#byUid.get(object.uid);
    if (seen !== undefined && (seen.version === version || isOlder(version, seen.version))) {
      return false;
    }
    this.#remember(object, version);
    return true;
  }

  /** False when it was forgotten before. */
  forget(uid: string): boolean {
    return this.#byUid.delete(uid);
  }

  /** Takes a new list's word for everything and returns the objects that are on it no more. */
  replace(
    list: readonly { readonly object: ObjectIdentity; readonly version: string }[],
  ): readonly ObjectIdentity[] {
    const listed = new Set(list.map(({ object }) => object.uid));
    const vanished = [...this.#byUid.values()].filter(({ object }) => !listed.has(object.uid));
    this.#byUid.clear();
    for (const { object, version } of list) this.#remember(object, version);
    return vanished.map(({ object }) => object);
  }

  #remember({ name, namespace, uid }: ObjectIdentity, version: string): void {
    if (this.#byUid.size >= this.#max && !this.#byUid.has(uid)) return;
    this.#byUid.set(uid, { object: { name, namespace, uid }, version });
  }
}
