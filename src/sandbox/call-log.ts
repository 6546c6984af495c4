/** One request that the API has answered, or dropped. */
export interface Call {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly user: string;
  /** The HTTP status; 0 when the connection was broken instead. */
  readonly status: number;
  /** Milliseconds since the Unix epoch, when the request was complete. */
  readonly at: number;
  readonly userAgent?: string | undefined;
}

/** The newest calls, up to a bound, and how many there ever were. */
export class CallLog {
  readonly #limit: number;
  readonly #calls: Call[] = [];
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(call: Call): void {
    this.#calls.push(call);
    if (this.#calls.length > this.#limit) this.#calls.shift();
    const key = countKey(call.verb, call.resource, call.subresource);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  all(): readonly Call[] {
    return [...this.#calls];
  }

  /** How many calls of a kind there were; `resource` may name a subresource as `pods/status`. */
  count(verb: string, resource: string): number {
    return this.#counts.get(`${verb} ${resource}`) ?? 0;
  }

  /** Counts by `<verb> <resource>`. */
  counts(): ReadonlyMap<string, number> {
    return new Map(this.#counts);
  }

  clear(): void {
    this.#calls.length = 0;
    this.#counts.clear();
  }
}

function countKey(verb: string, resource: string, subresource: string | undefined): string {
  return subresource === undefined ? `${verb} ${resource}` : `${verb} ${resource}/${subresource}`;
}
