import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { LoopLag } from '../base/loop-lag.ts';
import type { MemoryLimit } from '../base/memory-limit.ts';

/** What comes from outside of the process, so that a test can choose it. */
export interface AppEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where ca.proto lies. */
  readonly protoDirectory: string;
  /** Where the page of the debug port lies. */
  readonly pageDirectory: string;
  readonly version: string;
  /** How many connections there is room for depends on it. */
  readonly memoryLimit: MemoryLimit;
  /** Measures the event loop; one of our own where absent. Whoever gave it need not start it. */
  readonly loopLag?: LoopLag | undefined;
  /** Ends a start that waits for something, such as the mesh config. */
  readonly stopAsked?: AbortSignal | undefined;
}
