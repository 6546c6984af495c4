import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { RaError } from '../../base/ra-error.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';
import type { ApiAttempts } from '../limits/api-attempts.ts';
import type { SigningOutcome, TrackedRequest } from '../signing-backend.ts';
import { approve } from './approve.ts';
import { followByReading } from './follow.ts';
import { outcomeOf } from './outcome.ts';
import type { PermissionTracker } from './permission-tracker.ts';
import type { Subscription } from './signing-request-feed.ts';

export interface CsrCalls {
  readonly requests: SigningRequests;
  readonly attempts: ApiAttempts;
  readonly permissions: PermissionTracker;
  readonly clock: Clock;
  readonly random: Random;
}

export interface TrackedCsrOptions {
  readonly object: SigningRequest;
  /** What the shared watch says of the object. */
  readonly subscription: Subscription;
  readonly isAdopted: boolean;
  readonly isForeign: boolean;
  readonly calls: CsrCalls;
}

/** A CertificateSigningRequest that an issuance works with. */
export class TrackedCsr implements TrackedRequest {
  isAdopted: boolean;
  readonly isForeign: boolean;
  readonly #subscription: Subscription;
  readonly #calls: CsrCalls;
  /** The newest state that we have acted on. */
  #object: SigningRequest;
  #mayBeApproved: boolean;

  constructor({ object, subscription, isAdopted, isForeign, calls }: TrackedCsrOptions) {
    this.isAdopted = isAdopted;
    this.isForeign = isForeign;
    this.#subscription = subscription;
    this.#calls = calls;
    this.#object = object;
    const outcome = outcomeOf(object);
    this.#mayBeApproved = outcome.kind !== 'pending' || outcome.approved;
  }

  get name(): string {
    return this.#object.name;
  }

  get uid(): string {
    return this.#object.uid;
  }

  get signerName(): string {
    return this.#object.signerName;
  }

  get annotations(): Readonly<Record<string, string>> {
    return this.#object.annotations;
  }

  get outcome(): SigningOutcome {
    return outcomeOf(this.#object);
  }

  get mayBeApproved(): boolean {
    return this.#mayBeApproved;
  }

  async approve(signal: AbortSignal): Promise<void> {
    this.#mayBeApproved = true;
    this.#object = await approve(this.#object, this.#calls, signal);
    this.#subscription.observe(this.#object);
  }

  async settle(
    signal: AbortSignal,
    onApproved?: () => void,
  ): Promise<Exclude<SigningOutcome, { kind: 'pending' }>> {
    const isDone = (request: SigningRequest): boolean => {
      const outcome = outcomeOf(request);
      if (outcome.kind !== 'pending') return true;
      if (outcome.approved) {
        this.#mayBeApproved = true;
        onApproved?.();
      }
      return false;
    };
    const end = await this.#awaitEnd(isDone, signal);
    if (end === 'gone') {
      throw new RaError('SIGNING_INTERRUPTED', 'the object was deleted before it was signed', {
        reason: 'deleted',
      });
    }
    this.#object = end;
    const outcome = outcomeOf(end);
    if (outcome.kind === 'pending') throw new Error('a pending request is not at its end');
    return outcome;
  }

  close(): void {
    this.#subscription.close();
  }

  /** Our watch delivers what bears our label; what another replica created is read. */
  #awaitEnd(
    isDone: (request: SigningRequest) => boolean,
    signal: AbortSignal,
  ): Promise<SigningRequest | 'gone'> {
    const object = this.#object;
    return this.isForeign && !isDone(object)
      ? followByReading(object, { ...this.#calls, isDone }, signal)
      : this.#subscription.until(object.uid, isDone, signal);
  }
}
