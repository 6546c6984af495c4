import type { ServerHttp2Stream } from 'node:http2';
import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import type {
  ServerInterceptingCallInterface,
  ServerInterceptor,
  ServerListener,
} from '@grpc/grpc-js';
import { overloaded } from '../admission/overloaded.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { RaError } from '../base/ra-error.ts';
import type { ClientStatus } from './status.ts';

/** What grpc-js calls a status while it is on its way. */
interface SentStatus {
  readonly code?: status | null | undefined;
  readonly details?: string | null | undefined;
}

export interface UnreadCallsOptions {
  /** Of the method that is watched. */
  readonly path: string;
  /** Accounts a call that came to nothing before its handler saw it; returns what to answer. */
  readonly refuse: (peer: string, error: RaError) => ClientStatus;
  readonly clock: Clock;
  /** How long a message may take from its headers to its last byte. */
  readonly readWithinMs: number;
  /** How many may be under way. */
  readonly maxUnread: number;
}

/**
 * The calls whose message is not whole yet. grpc-js ends them by itself when the message is too long
 * or cannot be read, and waits for it for ever; here they are bounded in number and time, and each
 * that comes to nothing is accounted like any other.
 *
 * Divergence: a message that cannot be read is InvalidArgument. istiod says Internal, and
 * ResourceExhausted where it is too long, with which agents send the same message again.
 */
export class UnreadCalls {
  readonly #options: UnreadCallsOptions;
  #count = 0;

  constructor(options: UnreadCallsOptions) {
    this.#options = options;
  }

  /** How many are under way. */
  get count(): number {
    return this.#count;
  }

  /** To be given to the grpc-js server. */
  readonly intercept: ServerInterceptor = (method, call) => {
    const { path, maxUnread } = this.#options;
    if (method.path !== path) return new ServerInterceptingCall(call);
    const isFull = this.#count >= maxUnread;
    this.#count += 1;
    const unread = new UnreadCall(call, this.#options, () => {
      this.#count -= 1;
    });
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next(unread.listener);
        if (isFull) unread.end(overloaded('unread_requests'));
      },
    });
  };
}

/** One of them, until its handler has it or it has ended. */
class UnreadCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #options: UnreadCallsOptions;
  readonly #onOver: () => void;
  readonly #timer: Timer;
  #over = false;
  #messages = 0;

  constructor(
    call: ServerInterceptingCallInterface,
    options: UnreadCallsOptions,
    onOver: () => void,
  ) {
    this.#call = call;
    this.#options = options;
    this.#onOver = onOver;
    this.#timer = options.clock.timer(options.readWithinMs, () => {
      this.end(tooSlow());
    });
    this.#watchStatus();
  }

  readonly listener: ServerListener = {
    onReceiveMessage: (message: unknown, next) => {
      this.#messages += 1;
      next(message);
    },
    onReceiveHalfClose: (next) => {
      // Now grpc-js calls the handler, which accounts for itself.
      if (this.#messages === 1) this.#finish();
      next();
    },
    onCancel: () => {
      if (this.#finish()) this.#refuse(cancelled());
    },
  };

  /** Answers with `error`, unless the handler has the call or it has ended. */
  end(error: RaError): void {
    if (!this.#finish()) return;
    this.#call.sendStatus(this.#refuse(error));
    closeWhenAnswered(this.#call);
  }

  /** grpc-js asks no interceptor about an answer of its own, so that this listens in on it. */
  #watchStatus(): void {
    const send = this.#call.sendStatus.bind(this.#call);
    this.#call.sendStatus = (sent) => {
      if (!this.#finish()) {
        send(sent);
        return;
      }
      // To grpc-js a stream that was reset has just ended.
      const { closed, destroyed } = streamOf(this.#call) ?? {};
      const wasReset = closed === true || destroyed === true;
      const refused = this.#refuse(wasReset ? cancelled() : errorOf(sent));
      // Its own word for a method or an encoding that it does not know (gRPC over HTTP/2) stays.
      send(sent.code === status.UNIMPLEMENTED ? { ...refused, code: sent.code } : refused);
      closeWhenAnswered(this.#call);
    };
  }

  /** False where it was over already. */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#timer.cancel();
    this.#onOver();
    return true;
  }

  #refuse(error: RaError): ClientStatus {
    return this.#options.refuse(this.#call.getPeer(), error);
  }
}

function errorOf(sent: SentStatus): RaError {
  switch (sent.code) {
    case status.DEADLINE_EXCEEDED:
      return new RaError('DEADLINE_EXCEEDED', "the client's deadline came before its message", {
        reason: 'deadline_before_message',
      });
    case status.RESOURCE_EXHAUSTED:
      return malformed('message_too_large', sent);
    case status.UNIMPLEMENTED:
      return malformed('message_unexpected', sent);
    default:
      return malformed('message_unreadable', sent);
  }
}

function malformed(reason: string, { details }: SentStatus): RaError {
  return new RaError('REQUEST_MALFORMED', `no message could be read: ${details ?? ''}`, { reason });
}

function tooSlow(): RaError {
  return new RaError('DEADLINE_EXCEEDED', 'the message took too long to arrive', {
    reason: 'message_too_slow',
  });
}

function cancelled(): RaError {
  return new RaError('CANCELLED', 'the call ended before its message was here', {
    reason: 'cancelled_before_message',
  });
}

/**
 * A client that has its answer and goes on sending would keep its stream open. RFC 9113 section 8.1
 * lets a server ask it to stop; grpc-js does not do so itself.
 */
function closeWhenAnswered(call: ServerInterceptingCallInterface): void {
  streamOf(call)?.close?.();
}

/** There is no public way to it. Where a later grpc-js keeps it elsewhere, tests fail. */
function streamOf(call: ServerInterceptingCallInterface): Partial<ServerHttp2Stream> | undefined {
  return Reflect.get(call, 'stream') as Partial<ServerHttp2Stream> | undefined;
}
