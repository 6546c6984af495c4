import { BoundedMap } from '../base/bounded-map.ts';
import type { RecentDecision } from '../ra/recent-decisions.ts';

/** A workload that asked since the process started. */
export interface SeenIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** As the client's cluster is known to us; undefined before its caller was known. */
  readonly cluster: string | undefined;
  /** Of its last certificate; undefined where it got none. */
  readonly issuedBy: string | undefined;
  /** Milliseconds since the Unix epoch, as `notAfter` is. */
  readonly issuedAt: number | undefined;
  readonly notAfter: number | undefined;
  readonly issued: number;
  readonly refused: number;
  /** Why the last request was refused; undefined where it was not. */
  readonly lastReason: string | undefined;
}

/** Room for a large mesh, at some hundred bytes each. */
const defaultMaxKept = 20_000;
const workload = /^spiffe:\/\/[^/]+\/ns\/([^/]{1,63})\/sa\/([^/]{1,253})$/;

/** Who asked and what became of it, the one that asked longest ago forgotten first. Never throws. */
export class SeenIdentities {
  readonly #byName: BoundedMap<SeenIdentity>;
  #generation = 0;

  constructor(maxKept = defaultMaxKept) {
    this.#byName = new BoundedMap(maxKept);
  }

  /** Grows with every change. */
  get generation(): number {
    return this.#generation;
  }

  get size(): number {
    return this.#byName.size;
  }

  all(): Iterable<SeenIdentity> {
    return this.#byName.values();
  }

  /** Takes a decision into account. Abandoned requests and callers that nobody knows leave no trace. */
  note(decision: RecentDecision): void {
    const { outcome, cluster = '' } = decision;
    const uri = decision.identity ?? decision.caller ?? '';
    const [, namespace, serviceAccount] = workload.exec(uri) ?? [];
    if (namespace === undefined || serviceAccount === undefined || outcome === 'abandoned') return;
    const key = `${cluster} ${namespace} ${serviceAccount}`;
    const before = this.#byName.get(key) ?? neverSeen({ namespace, serviceAccount });
    this.#byName.set(
      key,
      outcome === 'issued' ? issued(before, decision) : refused(before, decision),
    );
    this.#generation += 1;
  }
}

/** One that has not asked yet. */
export function neverSeen(name: Pick<SeenIdentity, 'namespace' | 'serviceAccount'>): SeenIdentity {
  return {
    ...name,
    cluster: undefined,
    issuedBy: undefined,
    issuedAt: undefined,
    notAfter: undefined,
    issued: 0,
    refused: 0,
    lastReason: undefined,
  };
}

function issued(before: SeenIdentity, decision: RecentDecision): SeenIdentity {
  const { cluster, signer, time } = decision;
  const end = Date.parse(decision.notAfter ?? '');
  const notAfter = Number.isNaN(end) ? undefined : end;
  const certificate = { issuedBy: signer, issuedAt: time, notAfter };
  return { ...before, cluster, ...certificate, issued: before.issued + 1, lastReason: undefined };
}

function refused(before: SeenIdentity, { cluster, reason, code }: RecentDecision): SeenIdentity {
  return { ...before, cluster, refused: before.refused + 1, lastReason: reason ?? code };
}
