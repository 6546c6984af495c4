import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { isForbidden } from '../../kube/api-error.ts';
import {
  batchLabel,
  managedSelector,
  replicaSelector,
  requestIdAnnotation,
} from '../../kube/labels.ts';
import type { ResourceSource } from '../../kube/resource-source.ts';
import type { SelfReviews } from '../../kube/reviews.ts';
import type { SigningRequest, SigningRequests } from '../../kube/signing-requests.ts';
import { SupervisedWatch } from '../../kube/supervised-watch.ts';
import type { CertificateChangeMonitor } from '../certificate-change-monitor.ts';
import type { CoalescedIssuance } from '../coalesced-issuance.ts';
import type { ApiAttempts } from '../limits/api-attempts.ts';
import type {
  BackendWatch,
  RequestDeletions,
  RequestOfName,
  RequestReference,
  SignerRequest,
  SigningBackend,
  TrackedRequest,
} from '../signing-backend.ts';
import { OwnAccount } from './own-account.ts';
import { PermissionTracker } from './permission-tracker.ts';
import { SigningRequestFeed } from './signing-request-feed.ts';
import { Submissions } from './submissions.ts';
import { transientError } from './transient-error.ts';

/** What the backend needs of the Kubernetes API. */
export interface CsrApi {
  readonly signingRequests: SigningRequests;
  readonly selfReviews: SelfReviews;
  signingRequestSource(labelSelector: string): ResourceSource<SigningRequest>;
}

export interface CsrBackendOptions {
  readonly kubernetes: CsrApi;
  /** Bounds the calls that create and approve. */
  readonly attempts: ApiAttempts;
  readonly changeMonitor: CertificateChangeMonitor;
  /** Our name among the replicas, a label value. */
  readonly replica: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Gets certificates through the CertificateSigningRequests of Kubernetes. */
export class CsrBackend implements SigningBackend {
  readonly feed: SigningRequestFeed;
  readonly submissions: Submissions;
  readonly #options: CsrBackendOptions;
  readonly #requests: SigningRequests;
  readonly #account: OwnAccount;
  readonly #watch: SupervisedWatch<SigningRequest>;

  constructor(options: CsrBackendOptions) {
    const { kubernetes, attempts, replica, clock, random, log } = options;
    const requests = kubernetes.signingRequests;
    const labelSelector = replicaSelector(replica);
    this.#options = options;
    this.#requests = requests;
    this.#account = new OwnAccount({ reviews: kubernetes.selfReviews, clock, log });
    this.feed = new SigningRequestFeed({ requests, labelSelector, clock, log });
    this.submissions = new Submissions({
      feed: this.feed,
      account: this.#account,
      calls: {
        requests,
        attempts,
        permissions: new PermissionTracker({ clock, log }),
        clock,
        random,
      },
      replica,
      log,
    });
    this.#watch = this.#newWatch(labelSelector);
  }

  get waiting(): number {
    return this.feed.waiting;
  }

  isAwaited(name: string): boolean {
    return this.feed.isAwaited(name);
  }

  create(
    issuance: CoalescedIssuance,
    options: { readonly anew: boolean; readonly deletions: RequestDeletions },
  ): Promise<TrackedRequest> {
    return this.submissions.submit(issuance, options);
  }

  watch(): BackendWatch {
    this.#watch.start();
    return this.#watch;
  }

  async list(signal: AbortSignal): Promise<readonly SignerRequest[]> {
    const username = await this.#account.username(signal);
    const found = await this.#requests.list(managedSelector, signal);
    return found.filter((request) => request.username === username);
  }

  async find(
    { name, requestId }: RequestOfName,
    signal: AbortSignal,
  ): Promise<RequestReference | undefined> {
    const found = await patiently(() => this.#requests.read(name, signal));
    return found?.annotations[requestIdAnnotation] === requestId ? found : undefined;
  }

  async delete(target: RequestReference, signal: AbortSignal): Promise<void> {
    await patiently(() => this.#requests.remove(target, signal));
  }

  deleteBatch(batch: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    return this.#requests.removeAll(`${batchLabel}=${batch}`, signal);
  }

  /** The feed first: it still lists where the watch does not deliver. */
  async stop(): Promise<void> {
    await this.feed.stop();
    await this.#watch.stop();
  }

  #newWatch(labelSelector: string): SupervisedWatch<SigningRequest> {
    const { kubernetes, changeMonitor, clock, random, log } = this.#options;
    return new SupervisedWatch<SigningRequest>({
      source: kubernetes.signingRequestSource(labelSelector),
      identify: (request) => request,
      handlers: {
        onPut: (request) => {
          this.feed.put(request);
          changeMonitor.put(request);
        },
        onGone: (request) => {
          this.feed.gone(request);
          changeMonitor.gone(request);
        },
      },
      clock,
      random,
      log,
    });
  }
}

/** An API server that has just started answers 403 until it has read who may do what. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const about = { reason: 'Forbidden', verb: 'delete' };
    throw transientError('the API server does not let us remove what we made', about, error);
  }
}
