import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { Circuit } from './circuit.ts';
import type { CircuitOutcome, CircuitState, Verdict } from './circuit.ts';

/** Leave to ask a signer; `settle` tells what came of it, and only its first call counts. */
export interface SignerPass {
  settle(verdict: Verdict): void;
}

interface SignerState {
  /** Opened by faults that several namespaces met. */
  readonly shared: Circuit;
  /** Opened by what one namespace met alone, and for it alone. */
  readonly own: BoundedMap<Circuit>;
}

const maxSigners = 1_024;
const maxNamespaces = 512;
const min = 10;

/**
 * A circuit for each signer, and one for each namespace that uses it. What a tenant sends can make a
 * signer fail, so one namespace's faults close the signer to that namespace and to nobody else;
 * a signer that has one tenant only is closed by them all the same.
 */
export class SignerCircuits {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signers = new BoundedMap<SignerState>(maxSigners);

  constructor(options: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** For each signer that was asked: the worst state that any of its callers meets. */
  *states(): Iterable<{ readonly signer: string; readonly state: CircuitState }> {
    for (const [signer, { shared, own }] of this.#signers) {
      const states = [shared, ...own.values()].map(({ state }) => state);
      const state = (['open', 'half-open'] as const).find((worst) => states.includes(worst));
      yield { signer, state: state ?? 'closed' };
    }
  }

  /** Whether a request of that namespace would be turned away now. */
  refuses(signer: string, namespace: string): boolean {
    const state = this.#signers.get(signer);
    return (
      state !== undefined && (state.shared.refuses || state.own.get(namespace)?.refuses === true)
    );
  }

  /** Undefined when the signer is to be left alone. */
  admit(signer: string, namespace: string): SignerPass | undefined {
    const { shared, own } = this.#circuitsOf(signer, namespace);
    const sharedPass = shared.admit();
    if (sharedPass === undefined) return undefined;
    const ownPass = own.admit();
    if (ownPass === undefined) {
      shared.settle(sharedPass, 'neutral', namespace);
      return undefined;
    }
    let isSettled = false;
    return {
      settle: (verdict) => {
        if (isSettled) return;
        isSettled = true;
        const before = [shared.state, own.state];
        shared.settle(sharedPass, verdict, namespace);
        own.settle(ownPass, verdict, namespace);
        this.#tell(before, [shared.state, own.state], { signer, namespace });
      },
    };
  }

  #circuitsOf(signer: string, namespace: string): { shared: Circuit; own: Circuit } {
    const clock = this.#clock;
    const made = (): SignerState => ({
      shared: new Circuit({ clock, trips: tripsForAll }),
      own: new BoundedMap(maxNamespaces),
    });
    const state = this.#signers.getOrMake(signer, made);
    for (const [name, circuit] of state.own) {
      if (state.own.size <= maxNamespaces / 2) break;
      if (name !== namespace && circuit.isIdle) state.own.delete(name);
    }
    const own = state.own.getOrMake(namespace, () => new Circuit({ clock, trips: isMostlyFaults }));
    return { shared: state.shared, own };
  }

  #tell(
    before: readonly CircuitState[],
    after: readonly CircuitState[],
    fields: { readonly signer: string; readonly namespace: string },
  ): void {
    const { signer } = fields;
    const [wasShared, wasOwn] = before;
    const [isShared, isOwn] = after;
    if (wasShared !== 'open' && isShared === 'open') {
      this.#log.error('a signer does not work: it is asked by single probes until it does', {
        signer,
      });
    } else if (wasOwn !== 'open' && isOwn === 'open') {
      this.#log.error(
        'a signer does not work for a namespace: it is asked by single probes',
        fields,
      );
    }
    if (wasShared !== 'closed' && isShared === 'closed') {
      this.#log.info('a signer works again', { signer });
    } else if (wasOwn !== 'closed' && isOwn === 'closed') {
      this.#log.info('a signer works again for a namespace', fields);
    }
  }
}

function isMostlyFaults(outcomes: readonly CircuitOutcome[]): boolean {
  const faults = outcomes.filter(({ fault }) => fault).length;
  return outcomes.length >= min && 2 * faults >= outcomes.length;
}

/** One tenant with many requests has one voice: at least half of the namespaces must see faults. */
function tripsForAll(outcomes: readonly CircuitOutcome[]): boolean {
  if (!isMostlyFaults(outcomes)) return false;
  const all = new Set(outcomes.map(({ namespace }) => namespace));
  const faulty = new Set(outcomes.filter(({ fault }) => fault).map(({ namespace }) => namespace));
  return faulty.size >= 2 && 2 * faulty.size >= all.size;
}
