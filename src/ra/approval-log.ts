import type { Decision } from './decision.ts';

/** Where the intent to approve is written before the point of no return. */
export interface ApprovalLog {
  /**
   * Resolves when the line is out of our hands: only then may the request be approved. Throws
   * NOT_READY when it cannot be written, CANCELLED when the request was answered meanwhile.
   */
  intent(decision: Decision, signal: AbortSignal): Promise<void>;
}
