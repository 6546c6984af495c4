import { randomBytes } from 'node:crypto';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Credentials } from '../authn/authenticator.ts';
import type { Clock } from '../base/clock.ts';
import { Deadline } from '../base/deadline.ts';
import { RaError } from '../base/ra-error.ts';
import { parseTraceParent } from '../base/trace-parent.ts';
import type { TraceParent } from '../base/trace-parent.ts';
import { peerCertificatesOf } from './peer-certificates.ts';

/** What the context needs of a grpc-js call. */
export type IncomingCall = Pick<
  ServerUnaryCall<unknown, unknown>,
  'cancelled' | 'metadata' | 'getPeer' | 'getDeadline' | 'once' | 'off'
>;

export interface RequestContextOptions {
  readonly clock: Clock;
  /** How long the server may take for a request, in milliseconds. */
  readonly budgetMs: number;
}

/** How long before the client's deadline we answer, so that the answer still arrives. */
const answerLeadMs = 200;

/**
 * One call from its arrival to its answer: its id, who sent what, and one signal for everything that
 * can end it early. The signal's reason is an RaError: CANCELLED when the client went away,
 * DEADLINE_EXCEEDED 200 ms before the client's deadline (half-way to a nearer one), SIGNER_TIMEOUT
 * when the server's budget is used up, or what `abort` was given. Dispose it with the answer.
 */
export class RequestContext {
  readonly requestId: string = newRequestId();
  /** The client's address and port. */
  readonly peer: string;
  readonly credentials: Credentials;
  /** Undefined where the client sent none, or none that can be read. */
  readonly traceParent: TraceParent | undefined;
  readonly #deadline: Deadline;
  readonly #release: () => void;

  constructor(call: IncomingCall, options: RequestContextOptions) {
    this.peer = readablePeer(call.getPeer());
    this.credentials = readCredentials(call);
    this.traceParent = parseTraceParent(headerValues(call, 'traceparent'));
    this.#deadline = startDeadline(call, options);
    const onCancelled = (): void => {
      this.abort(whyCancelled(call, options.clock));
    };
    call.once('cancelled', onCancelled);
    if (call.cancelled) onCancelled();
    this.#release = () => {
      call.off('cancelled', onCancelled);
    };
  }

  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  /** Ends the call early; only the first reason counts. */
  abort(reason: RaError): void {
    this.#deadline.abort(reason);
  }

  release(): void {
    this.#release();
    this.#deadline.release();
  }
}

function startDeadline(call: IncomingCall, { clock, budgetMs }: RequestContextOptions): Deadline {
  const clientMs = Number(call.getDeadline()) - clock.now();
  const answerWithinMs = clientMs - Math.min(answerLeadMs, Math.max(0, clientMs) / 2);
  // NaN compares false: a deadline that is no number counts as none.
  if (answerWithinMs < budgetMs) {
    return new Deadline({ clock, ms: Math.max(0, answerWithinMs), reason: deadlineExceeded });
  }
  return new Deadline({
    clock,
    ms: budgetMs,
    reason: () => new RaError('SIGNER_TIMEOUT', `no certificate within ${budgetMs} ms`),
  });
}

/** grpc-js also says "cancelled" when it gave up a call on its deadline itself. */
function whyCancelled(call: IncomingCall, clock: Clock): RaError {
  if (Number(call.getDeadline()) <= clock.now()) return deadlineExceeded();
  return new RaError('CANCELLED', 'the client cancelled the call or its connection ended');
}

function deadlineExceeded(): RaError {
  return new RaError('DEADLINE_EXCEEDED', "the client's deadline came before a certificate");
}

/** 128 random bits in lower-case hexadecimal. */
export function newRequestId(): string {
  return randomBytes(16).toString('hex');
}

/** A client's address and port as grpc-js has it, as people write it. */
export function readablePeer(peer: string): string {
  // A socket for both families writes IPv4 addresses as RFC 4291 section 2.5.5.2 has it.
  return peer.replace(/^::ffff:(?=\d+\.)/, '');
}

function readCredentials(call: IncomingCall): Credentials {
  const certificates = peerCertificatesOf(call);
  return {
    authorization: headerValues(call, 'authorization'),
    // Node joins a repeated header with commas (RFC 9110 section 5.3); no cluster id holds one.
    clusterIds: headerValues(call, 'clusterid').flatMap((value) => value.split(/, ?/)),
    clientCertificate: certificates?.leaf,
    peerIntermediates: certificates?.intermediates,
  };
}

function headerValues(call: IncomingCall, name: string): readonly string[] {
  return call.metadata.get(name).filter((value) => typeof value === 'string');
}
