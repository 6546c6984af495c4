import type { Server } from '@grpc/grpc-js';

/** `/package.Service/Method` in the words that protobuf allows; the group is the service. */
const grammar = /^\/((?:\w+\.)*\w+)\/\w+$/;

/**
 * Which calls are ours and which may be passed on. Whole services are ours, and a path that is not
 * written exactly as gRPC has it is never passed on: another server may read it more kindly than we
 * do and take it for a method of ours (grpc-go once knew methods without their leading slash).
 */
export class OwnMethods {
  readonly #services = new Set<string>();

  /** `server`, noting each service that is added to it. */
  noting(server: Pick<Server, 'addService'>): Pick<Server, 'addService'> {
    return {
      addService: (definition, implementation) => {
        for (const { path } of Object.values(definition)) {
          const service = grammar.exec(path)?.[1];
          if (service === undefined) throw new Error(`${path} is not the path of a gRPC method`);
          this.#services.add(service);
        }
        server.addService(definition, implementation);
      },
    };
  }

  /** Whether a call is a well-formed gRPC call to a service that is not ours. */
  isForeign(headers: Readonly<Record<string, unknown>>): boolean {
    const service = grammar.exec(String(headers[':path']))?.[1];
    if (service === undefined || this.#services.has(service)) return false;
    return headers[':method'] === 'POST' && isGrpc(headers['content-type']);
  }
}

/** `application/grpc`, perhaps with a suffix or a parameter, but not gRPC-Web. */
function isGrpc(contentType: unknown): boolean {
  return /^application\/grpc(?:[+;].*)?$/.test(String(contentType));
}
