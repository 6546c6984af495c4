import type { SigningRequest } from '../../kube/signing-requests.ts';
import type { Subscription } from './signing-request-feed.ts';

/** An object that an issuance works with, and what it hears of it. */
export interface TrackedRequest {
  /** The newest state that we have acted on. */
  object: SigningRequest;
  readonly subscription: Subscription;
  /** Whether it was found, and not made by this issuance: then it may vanish beneath us. */
  readonly isAdopted: boolean;
  /** Whether another replica made it, watches it and removes it. */
  readonly isForeign: boolean;
  /** Whether an approval may be on record. */
  mayBeApproved: boolean;
}
