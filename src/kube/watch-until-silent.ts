import type { Clock } from '../base/clock.ts';
import { abortable } from '../base/deadline.ts';
import { KubeApiError } from './api-error.ts';
import type { ResourceSource, WatchEvent, WatchOptions } from './resource-source.ts';

export interface WatchUntilSilentOptions<T> {
  readonly source: ResourceSource<T>;
  readonly options: WatchOptions;
  readonly clock: Clock;
  /** Longest time without any event, heartbeats included. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/**
 * One watch, which throws a `KubeApiError` with reason `TimedOut` when nothing was heard for
 * `silenceMs`: a connection whose other end has gone says nothing, for ever. It ends at once when
 * `signal` aborts, even if the source does not.
 */
export async function* watchUntilSilent<T>({
  source,
  options,
  clock,
  silenceMs,
  signal,
}: WatchUntilSilentOptions<T>): AsyncGenerator<WatchEvent<T>> {
  const connection = new AbortController();
  const silence = new SilenceTimer(clock, silenceMs, () => {
    connection.abort(silent(source.resource, silenceMs));
  });
  const onAbort = (): void => {
    connection.abort(signal.reason);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const events = source.watch(options, connection.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await abortable(events.next(), connection.signal);
      if (next.done === true) return;
      silence.heard();
      yield next.value;
    }
  } finally {
    silence.cancel();
    signal.removeEventListener('abort', onAbort);
    connection.abort(new Error('the watch is over'));
    // Not awaited: a source that ignores its signal must not hold us up.
    events.return?.().catch(() => undefined);
  }
}

function silent(resource: string, silenceMs: number): KubeApiError {
  const message = `cannot watch ${resource}: nothing was heard for ${silenceMs} ms`;
  return new KubeApiError(message, {
    status: undefined,
    reason: 'TimedOut',
    verb: 'watch',
    resource,
  });
}

/** Fires once when nothing was heard for a while; hearing costs no new timer. */
class SilenceTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onSilence: () => void;
  #heardAt: number;
  #timer: { cancel(): void };

  constructor(clock: Clock, ms: number, onSilence: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onSilence = onSilence;
    this.#heardAt = clock.monotonic();
    this.#timer = clock.timer(ms, this.#check);
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  readonly #check = (): void => {
    const leftMs = this.#heardAt + this.#ms - this.#clock.monotonic();
    if (leftMs <= 0) this.#onSilence();
    else this.#timer = this.#clock.timer(leftMs, this.#check);
  };
}
