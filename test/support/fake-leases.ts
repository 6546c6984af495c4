import { KubeApiError } from '../../src/kube/api-error.ts';
import type { Lease, Leases } from '../../src/kube/leases.ts';

export function aRefusal(status: number | undefined, reason: string): KubeApiError {
  return new KubeApiError(`refused: ${reason}`, { status, reason, verb: 'x', resource: 'leases' });
}

/** What happens to a call instead of an answer. */
export type LeaseFault =
  'goes through' | 'fails' | 'hangs' | 'answer is lost' | 'is forbidden' | 'is late';

/** Leases as an API server keeps them, and a way to each candidate that can be cut. */
export class FakeLeases {
  readonly stored = new Map<string, Lease>();
  /** Holders in the order in which they came to hold the lease. */
  readonly holders: string[] = [];
  #version = 0;

  /** The one lease; throws when there is none. */
  get only(): Lease {
    const [lease] = this.stored.values();
    if (lease === undefined) throw new Error('there is no lease');
    return lease;
  }

  put(lease: Omit<Lease, 'resourceVersion'>): Lease {
    this.#version += 1;
    const { namespace, name, record } = lease;
    const stored = { namespace, name, record, resourceVersion: String(this.#version) };
    this.stored.set(`${namespace}/${name}`, stored);
    if (this.holders.at(-1) !== record.holder) this.holders.push(record.holder);
    return stored;
  }

  /** The way of one candidate. */
  connection(): LeaseConnection {
    return new LeaseConnection(this);
  }
}

export class LeaseConnection implements Leases {
  fault: LeaseFault = 'goes through';
  calls = 0;
  readonly #leases: FakeLeases;
  readonly #late: (() => void)[] = [];

  constructor(leases: FakeLeases) {
    this.#leases = leases;
  }

  read(namespace: string, name: string, signal: AbortSignal): Promise<Lease | undefined> {
    return this.#call(signal, () => this.#leases.stored.get(`${namespace}/${name}`));
  }

  create(lease: Omit<Lease, 'resourceVersion'>, signal: AbortSignal): Promise<Lease> {
    return this.#call(signal, () => {
      if (this.#leases.stored.has(`${lease.namespace}/${lease.name}`)) {
        throw aRefusal(409, 'AlreadyExists');
      }
      return this.#leases.put(lease);
    });
  }

  update(lease: Lease, signal: AbortSignal): Promise<Lease> {
    return this.#call(signal, () => {
      const stored = this.#leases.stored.get(`${lease.namespace}/${lease.name}`);
      if (stored === undefined) throw aRefusal(404, 'NotFound');
      if (stored.resourceVersion !== lease.resourceVersion) throw aRefusal(409, 'Conflict');
      return this.#leases.put(lease);
    });
  }

  /** Lets what was late arrive, long after it was given up. */
  deliverLate(): void {
    for (const act of this.#late.splice(0)) act();
  }

  // Async, so that what `act` throws is a rejection.
  async #call<T>(signal: AbortSignal, act: () => T): Promise<T> {
    this.calls += 1;
    signal.throwIfAborted();
    switch (this.fault) {
      case 'goes through':
        return act();
      case 'fails':
        throw aRefusal(undefined, 'ConnectionFailed');
      case 'is forbidden':
        throw aRefusal(403, 'Forbidden');
      case 'answer is lost':
        act();
        throw aRefusal(undefined, 'ConnectionFailed');
      case 'is late':
        this.#late.push(act);
        throw aRefusal(undefined, 'ConnectionFailed');
      case 'hangs':
        return new Promise<never>(() => undefined);
    }
  }
}
