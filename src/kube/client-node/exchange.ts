import type { Dispatcher } from 'undici';
import type { Answer } from './answer-errors.ts';

interface Settle {
  readonly signal: AbortSignal;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

/** Collects one answer. A handler of our own spares the stream that `request()` would build. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly #settle: Settle;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Answer['headers'] = {};

  constructor(settle: Settle) {
    this.#settle = settle;
    settle.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => {
    const reason = this.#settle.signal.reason as Error;
    this.#settle.reject(reason);
    this.#controller?.abort(reason);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Aborted while it waited for a free connection: it must not be sent any more.
    if (this.#settle.signal.aborted) controller.abort(this.#settle.signal.reason as Error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Answer['headers'],
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#release();
    const [first, ...more] = this.#chunks;
    const body = first !== undefined && more.length === 0 ? first : Buffer.concat(this.#chunks);
    const text = body.toString('utf8');
    this.#settle.resolve({ status: this.#status, headers: this.#headers, text });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.#settle.reject(error);
  }

  #release(): void {
    this.#settle.signal.removeEventListener('abort', this.#onAbort);
  }
}

/**
 * Sends one request and reads its whole answer. Rejects with the signal's own reason when it
 * aborts first, and with undici's error when the connection fails.
 */
export function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    dispatcher.dispatch(options, new AnswerCollector({ signal, resolve, reject }));
  });
}
