import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** What the API server notes of one request. */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** One kind of call and its HTTP status. */
export interface AnsweredCall {
  readonly verb: string;
  readonly resource: string;
  readonly code: number;
}

/** The API server's audit log, read from a mark onwards. */
export class AuditLog {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** Where the log ends now. */
  mark(): number {
    return statSync(this.file).size;
  }

  /** The calls of one user since a mark: watches that were opened, and others that were answered. */
  callsBy(username: string, since: number): AuditEvent[] {
    return this.read(since).filter(
      ({ user, verb, stage }) =>
        user.username === username &&
        stage === (verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete'),
    );
  }

  /** Whether a call of one user was answered with a status since a mark. */
  wasAnswered(username: string, since: number, call: AnsweredCall): boolean {
    const { verb, resource, code } = call;
    return this.read(since).some(
      ({ user, objectRef, responseStatus, ...event }) =>
        user.username === username &&
        event.verb === verb &&
        objectRef?.resource === resource &&
        responseStatus?.code === code,
    );
  }

  private read(since: number): AuditEvent[] {
    const file = openSync(this.file, 'r');
    try {
      const bytes = Buffer.alloc(Math.max(0, statSync(this.file).size - since));
      const read = readSync(file, bytes, 0, bytes.length, since);
      return bytes.subarray(0, read).toString().split('\n').flatMap(parse);
    } finally {
      closeSync(file);
    }
  }
}

/** A server that was killed may have left half a line. */
function parse(line: string): AuditEvent[] {
  try {
    return [JSON.parse(line) as AuditEvent];
  } catch {
    return [];
  }
}

/** How often each call was made: `update certificatesigningrequests/approval` and so on. */
export function countCalls(calls: readonly AuditEvent[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const call of calls) {
    const name = nameOf(call);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

function nameOf({ verb, objectRef, requestURI }: AuditEvent): string {
  if (objectRef === undefined) return `${verb} ${requestURI}`;
  const { resource, subresource } = objectRef;
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}
