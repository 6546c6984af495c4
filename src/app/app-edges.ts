import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

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
  /** Ends a start that waits for something, such as the mesh config. */
  readonly stopAsked?: AbortSignal | undefined;
}
