import { RaError } from '../base/ra-error.ts';

/** Why somebody is turned away, and what the client is told of it. */
const texts = {
  /** The event loop lags. */
  overloaded: 'the server is overloaded',
  waiting_room_full: 'too many requests wait to be authenticated',
  queue_full: 'too many requests wait for a certificate',
  rate_limited: 'the caller asks too often',
  authentication_failures: 'authentication failed too often on this connection',
  unread_requests: 'too many requests are only half here',
} as const;

export type OverloadReason = keyof typeof texts;

export const overloadReasons = Object.keys(texts) as readonly OverloadReason[];

/** OVERLOADED; the client is shown the reason, which tells nothing about others. */
export function overloaded(reason: OverloadReason): RaError {
  return new RaError('OVERLOADED', texts[reason], { reason, publicMessage: texts[reason] });
}
