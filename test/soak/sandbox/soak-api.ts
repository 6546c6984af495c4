import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { SoakAnswer, SoakFault, SoakOrder, SoakView } from './soak-messages.ts';

const maxAnswerMs = 30_000;

/** The sandbox's process, as its parent sees it. */
export class SoakApi {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: SoakAnswer) => void>();
  #questions = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: SoakAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Starts it; resolves once its files are in the folder. */
  static async start(folder: string): Promise<SoakApi> {
    const child = fork(join(import.meta.dirname, 'api-process.ts'), [folder], {
      ...{ execPath: process.execPath, execArgv: ['--no-warnings'] },
      // Ctrl-C is for the parent, which ends it in order.
      detached: true,
    });
    const api = new SoakApi(child);
    await new Promise<void>((resolve, reject) => {
      api.#waiting.set(0, () => resolve());
      child.once('exit', (code) => reject(new Error(`the sandbox ended with ${String(code)}`)));
    });
    return api;
  }

  async look(): Promise<SoakView> {
    const { view } = await this.#ask({ kind: 'look' });
    if (view === undefined) throw new Error('the sandbox did not tell what it sees');
    return view;
  }

  /** Switches a fault on. The function that it resolves with switches it off, and counts its strikes. */
  async strike(fault: SoakFault): Promise<() => Promise<number>> {
    const { number = 0 } = await this.#ask({ kind: 'strike', fault });
    return async () => (await this.#ask({ kind: 'clear', number })).strikes ?? 0;
  }

  async clearAll(): Promise<void> {
    await this.#ask({ kind: 'clear-all' });
  }

  async restart(downMs: number): Promise<void> {
    await this.#ask({ kind: 'restart', downMs });
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  async #ask(order: SoakOrder): Promise<SoakAnswer> {
    const id = ++this.#questions;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`the sandbox did not answer to ${order.kind}`));
      }, maxAnswerMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      this.#child.send({ id, order });
    });
  }
}
