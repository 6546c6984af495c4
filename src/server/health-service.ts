import { status } from '@grpc/grpc-js';
import type { Server, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { certificateServiceName } from './proto.ts';

/** Watchers hold a stream each and need no credentials, so there are only a few. */
const maxWatchers = 32;
/** "" is the server as a whole (grpc.health.v1). */
const services = ['', certificateServiceName] as const;

type Watch = ServerWritableStream<{ readonly service: string }, { readonly status: string }>;

/**
 * grpc.health.v1: SERVING or NOT_SERVING for the server and for its certificate service.
 *
 * Watch is our own: the library keeps an entry for ever for each service name that anybody ever
 * watched, and its streams would hold up a drain.
 */
export class HealthService {
  readonly #library = new HealthImplementation();
  readonly #watchers = new Set<Watch>();
  #serving = false;

  constructor() {
    this.setServing(false);
  }

  setServing(serving: boolean): void {
    this.#serving = serving;
    for (const name of services) this.#library.setStatus(name, this.#status());
    for (const call of this.#watchers) call.write({ status: this.#status() });
  }

  addTo(server: Pick<Server, 'addService'>): void {
    this.#library.addToServer({
      addService: (definition, implementation) => {
        const handlers: UntypedServiceImplementation = {
          ...implementation,
          watch: (call: Watch) => {
            this.#watch(call);
          },
        };
        server.addService(definition, handlers);
      },
    });
  }

  /** Tells the watchers that the server goes away and ends their calls. */
  stop(): void {
    this.setServing(false);
    for (const call of this.#watchers) call.end();
    this.#watchers.clear();
  }

  #status(): 'SERVING' | 'NOT_SERVING' {
    return this.#serving ? 'SERVING' : 'NOT_SERVING';
  }

  #watch(call: Watch): void {
    if (!services.some((name) => name === call.request.service)) {
      call.write({ status: 'SERVICE_UNKNOWN' });
      call.end();
    } else if (this.#watchers.size >= maxWatchers) {
      call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'too many watchers' });
    } else {
      this.#watchers.add(call);
      call.on('cancelled', () => this.#watchers.delete(call));
      call.write({ status: this.#status() });
    }
  }
}
