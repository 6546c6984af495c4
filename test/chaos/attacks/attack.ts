import { setTimeout as sleep } from 'node:timers/promises';
import { RawConnection } from './raw-connection.ts';
import type { Target } from './raw-connection.ts';

/** Something that a hostile client does until the signal; resolves with what it got done. */
export interface Attack {
  readonly name: string;
  readonly run: (target: Target, signal: AbortSignal) => Promise<string>;
}

/** Sends one portion; a portion is small enough that other connections get their turn. */
export type Portion = (connection: RawConnection, at: number) => Promise<void>;

export interface FrameAttackOptions {
  /** How many connections do it at once. */
  readonly connections: number;
  /** What is said once on each, before the portions. */
  readonly open?: (connection: RawConnection) => Promise<void>;
  readonly portion: Portion;
  /** Between two portions of a connection. */
  readonly everyMs?: number;
}

/** Does the same on several connections, and takes a new one where the server has closed one. */
export function frameAttack(options: FrameAttackOptions): Attack['run'] {
  return async (target, signal) => {
    let [portions, opened, closed] = [0, 0, 0];
    const one = async (): Promise<void> => {
      while (!signal.aborted) {
        const connection = await RawConnection.open(target, signal);
        if (connection === undefined) {
          await rest(50, signal);
          continue;
        }
        opened += 1;
        await options.open?.(connection);
        for (let at = 0; connection.isOpen && !signal.aborted; at += 1) {
          await options.portion(connection, at);
          portions += 1;
          await rest(options.everyMs ?? 1, signal);
        }
        if (!signal.aborted) closed += 1;
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
