import { setTimeout as sleep } from 'node:timers/promises';
import { RawConnection } from './raw-connection.ts';
import type { Target } from './raw-connection.ts';

/** Something that a hostile client does until the signal; resolves with what it got done. */
export interface Attack {
  readonly name: string;
  /** Whether test/integration/grpc-hostile*.test.ts has a good client beside the same. */
  readonly isShownByOthers?: true;
  readonly run: (target: Target, signal: AbortSignal) => Promise<string>;
}

/** Sends one portion; a portion is small enough that other connections get their turn. */
export type Portion = (connection: RawConnection, at: number, target: Target) => Promise<void>;

export interface FrameAttackOptions {
  /** How many connections do it at once. */
  readonly connections: number;
  /** What is said once on each, before the portions. */
  readonly open?: (connection: RawConnection, target: Target) => Promise<void>;
  readonly portion: Portion;
  /** Between two portions of a connection. */
  readonly everyMs?: number;
}

/** Does the same on several connections, and takes a new one where the server has closed one. */
export function frameAttack(options: FrameAttackOptions): Attack['run'] {
  return async (target, signal) => {
    let [portions, opened, closed] = [0, 0, 0];
    // Asked by a function, since it changes while we wait.
    const isOver = (): boolean => signal.aborted;
    const one = async (): Promise<void> => {
      while (!isOver()) {
        const connection = await RawConnection.open(target, signal);
        if (connection === undefined) {
          await rest(50, signal);
          continue;
        }
        opened += 1;
        await options.open?.(connection, target);
        for (let at = 0; connection.isOpen && !isOver(); at += 1) {
          await options.portion(connection, at, target);
          portions += 1;
          await rest(options.everyMs ?? 1, signal);
        }
        if (!isOver()) closed += 1;
        connection.close();
      }
    };
    await Promise.all(Array.from({ length: options.connections }, one));
    return `${portions} portions on ${opened} connections, of which the server closed ${closed}`;
  };
}

/** Waits, or ends early with the signal; no error then. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
