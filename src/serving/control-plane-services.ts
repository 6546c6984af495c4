import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { isForbidden } from '../kube/api-error.ts';
import type { Service } from '../kube/objects.ts';
import { SupervisedWatch } from '../kube/supervised-watch.ts';
import type { SupervisedWatchOptions } from '../kube/supervised-watch.ts';

/** What Istio's charts put on the Service of every istiod, whatever its revision or tag. */
export const controlPlaneLabel = 'app=istiod';

/** More istiods than that stand in no namespace; a certificate with more names would be large for nothing. */
const maxServices = 50;

/**
 * The names of the Services of all istiods in the namespace: `istiod`, `istiod-<revision>` and
 * `istiod-revision-tag-<tag>`, as they come and go.
 */
export class ControlPlaneServices implements Stoppable {
  readonly #watch: SupervisedWatch<Service>;
  readonly #namespace: string;
  readonly #log: Logger;
  readonly #names = new Set<string>();
  readonly #warned = new Set<string>();

  constructor(
    options: Pick<SupervisedWatchOptions<Service>, 'source' | 'clock' | 'random' | 'log'> & {
      readonly namespace: string;
    },
  ) {
    this.#namespace = options.namespace;
    this.#log = options.log;
    this.#watch = new SupervisedWatch<Service>({
      ...options,
      identify: (service) => service,
      handlers: {
        onPut: ({ name }) => {
          this.#names.add(name);
        },
        onGone: ({ name }) => {
          this.#names.delete(name);
        },
      },
    });
  }

  start(): void {
    this.#watch.start();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  /**
   * The DNS names of the Services, sorted; undefined while nobody has told them yet. Without the right to read
   * Services there are none, which is said once: a certificate without them is better than none.
   */
  dnsNames(): readonly string[] | undefined {
    if (!this.#watch.synced) {
      if (!isForbidden(this.#watch.lastError)) return undefined;
      this.#warnOnce(
        "the certificate of istiod lacks the names of its revisions' Services: grant the right to list and watch services",
      );
      return [];
    }
    const names = [...this.#names].map((name) => `${name}.${this.#namespace}.svc`).sort();
    if (names.length > maxServices) {
      this.#warnOnce(`more than ${maxServices} Services have the label ${controlPlaneLabel}`);
    }
    return names.slice(0, maxServices);
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#log.warn(message, { namespace: this.#namespace });
  }
}
