import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { ApiFault, FaultBoard, FaultFacts, FaultMoment } from './faults.ts';
import { StatusError } from './status-error.ts';

const reasons = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

/** Whether the request goes on; else the HTTP status that was given, 0 when there was none. */
export type FaultOutcome =
  { readonly kind: 'go-on' } | { readonly kind: 'over'; readonly status: number };

const goOn: FaultOutcome = { kind: 'go-on' };
const broken: FaultOutcome = { kind: 'over', status: 0 };

function momentOf(fault: ApiFault): FaultMoment {
  return fault.kind === 'slow' ? 'before' : (fault.when ?? 'before');
}

export interface FaultSite {
  readonly board: FaultBoard<ApiFault>;
  readonly clock: Clock;
  readonly exchange: HttpExchange;
}

/** Lets a fault strike at this moment of a request. Throws a StatusError where it is one. */
export async function meetApiFault(
  { board, clock, exchange }: FaultSite,
  facts: FaultFacts,
  moment: FaultMoment,
): Promise<FaultOutcome> {
  const fault = board.strike(facts, (candidate) => momentOf(candidate) === moment);
  switch (fault?.kind) {
    case undefined:
      return goOn;
    case 'status':
      throw statusOf(fault);
    case 'lost':
      exchange.drop();
      return broken;
    case 'hang':
      await untilCleared(board, exchange);
      exchange.drop();
      return broken;
    case 'slow':
      await sleep(clock, fault.ms, goneSignal(exchange)).catch(() => undefined);
      return goOn;
    case 'garbage':
      exchange.answer(200, { 'content-type': 'text/html' }, '<html>not the API</html>\n');
      return { kind: 'over', status: 200 };
    case 'answer':
      exchange.answer(fault.status, fault.headers ?? {}, fault.body);
      return { kind: 'over', status: fault.status };
  }
}

function statusOf({
  status,
  message,
  retryAfterSeconds,
}: Extract<ApiFault, { kind: 'status' }>): StatusError {
  return new StatusError(
    status,
    reasons.get(status) ?? '',
    message ?? `a fault of the sandbox: ${status}`,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
  );
}

function untilCleared(board: FaultBoard<ApiFault>, exchange: HttpExchange): Promise<void> {
  return new Promise((resolve) => {
    const callOff = board.onceCleared(resolve);
    exchange.onGone(() => {
      callOff();
      resolve();
    });
  });
}

function goneSignal(exchange: HttpExchange): AbortSignal {
  const controller = new AbortController();
  exchange.onGone(() => {
    controller.abort(new Error('the client is gone'));
  });
  return controller.signal;
}
