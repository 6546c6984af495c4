import type { Front } from './front-fixture.ts';
import { openRaw } from './raw-stream.ts';
import type { RawStream } from './raw-stream.ts';
import { respond } from './upstream-stand-in.ts';
import type { UpstreamCall } from './upstream-stand-in.ts';

export const cancel = 8;

export function begin({ stream }: UpstreamCall): void {
  respond(stream, { 'grpc-status': '0' });
  stream.resume();
}

/** A call whose answer has begun. */
export async function openLong({ session }: Pick<Front, 'session'>): Promise<RawStream> {
  const call = openRaw(session);
  await call.responded;
  return call;
}

export function lastCall({ istiod }: Front): UpstreamCall {
  const call = istiod.calls.at(-1);
  if (call === undefined) throw new Error('no call has arrived');
  return call;
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** The status of a call without an answer of istiod's. */
export async function statusOf(call: RawStream): Promise<string> {
  const { head, trailers } = await call.ended;
  const { 'grpc-status': code, 'grpc-message': message } = { ...head, ...trailers };
  return `${String(code)} ${decodeURIComponent(String(message))}`;
}

/** What clients are told while istiod is away. */
export const unreachable = '14 istiod is not reachable';
