import type { Random } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { ChangeLog } from '../ra/change-log.ts';
import type { Signer } from '../ra/signer.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { SigningRequest } from '../kube/signing-requests.ts';
import { SupervisedWatch } from '../kube/supervised-watch.ts';
import { ApiAttempts } from '../signer/limits/api-attempts.ts';
import { RetainedRequests } from '../signer/cleanup/retained-requests.ts';
import { BackendSigner } from '../signer/backend-signer.ts';
import type { ApprovalMode } from '../signer/backend-signer.ts';
import { OwnAccount } from '../signer/csr/own-account.ts';
import { Reaper } from '../signer/cleanup/reaper.ts';
import { DeletionQueue } from '../signer/cleanup/deletion-queue.ts';
import { replicaSelector } from '../signer/csr/request-draft.ts';
import { RetryBudget } from '../signer/limits/retry-budget.ts';
import { PermissionTracker } from '../signer/csr/permission-tracker.ts';
import { RequestCoalescer } from '../signer/request-coalescer.ts';
import { SignerLimiter } from '../signer/limits/signer-limiter.ts';
import { SigningRequestFeed } from '../signer/csr/signing-request-feed.ts';
import { StalledRequestDiagnosis } from '../signer/stalled-request-diagnosis.ts';
import type { SignerExplanations } from '../signer/stalled-request-diagnosis.ts';
import { Submissions } from '../signer/csr/submissions.ts';
import { CertificateChangeMonitor } from '../signer/certificate-change-monitor.ts';
import { longestServingRequestMs } from '../serving/serving-certificate.ts';

export interface SigningOptions {
  readonly kubernetes: KubernetesApi;
  readonly approval: ApprovalMode;
  readonly approvals: ApprovalLog;
  readonly changes: ChangeLog;
  readonly replica: string;
  /** The longest that a request may take. */
  readonly budgetMs: number;
  /** How long a signer may take, where it has less than `budgetMs`. */
  readonly budgetMsFor?: ((signerName: string) => number | undefined) | undefined;
  /** Finds out why a signer is silent; nothing is looked for where absent. */
  readonly explanations?: SignerExplanations | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The signer with everything that it runs on. */
export interface Signing extends Stoppable {
  readonly signer: Signer;
  readonly limiter: SignerLimiter;
  readonly retained: RetainedRequests;
  readonly submissions: Submissions;
  readonly shared: RequestCoalescer;
  readonly retries: RetryBudget;
  readonly watch: SupervisedWatch<SigningRequest>;
  readonly deletions: DeletionQueue;
  readonly feed: SigningRequestFeed;
  readonly reaper: Reaper;
}

/** After its budget a request may still be removing its own object. */
const reaperGraceMs = 15_000;
/** Agents that ran out of time come back within this, with the same bytes. */
const keepForRetryMs = 60_000;
/** With the reaper's rounds, what a killed replica left is gone within two minutes. */
const longestRetainedMs = 90_000;
/** So many calls under way are a storm, in which removals can wait. */
const busyCalls = 32;
/** So many objects waited for: removing each by a call of its own would take from what they wait for. */
const stormWaiters = 8;
const deletionDrainMs = 5_000;

/** Wires the signer to its one shared watch, and starts the watch. */
export function startSigning(options: SigningOptions): Signing {
  const { kubernetes, replica, clock, random, log } = options;
  const requests = kubernetes.signingRequests;
  const labelSelector = replicaSelector(replica);
  const feed = new SigningRequestFeed({ requests, labelSelector, clock, log });
  const changeMonitor = new CertificateChangeMonitor({ changes: options.changes, log });
  const watch = startWatch([feed, changeMonitor], labelSelector, options);
  const retries = new RetryBudget({ clock });
  const attempts = new ApiAttempts({ clock, random, retries });
  const isInFlight = (name: string): boolean => feed.isAwaited(name);
  const deletions = new DeletionQueue({
    ...{ requests, clock, log, isInFlight },
    // Removals wait for each other, so they need no share in the requests' retries.
    attempts: new ApiAttempts({ clock, random }),
    isBusy: () => attempts.underWay >= busyCalls,
    isStorm: () => feed.waiting >= stormWaiters,
  });
  const account = new OwnAccount({ reviews: kubernetes.selfReviews, clock, log });
  const orphanedAfterMs = orphanedAfter(options);
  const reaper = new Reaper({
    ...{ requests, deletions, clock, log, isInFlight, orphanedAfterMs, selfReviews: account },
  });
  reaper.start();
  const retained = new RetainedRequests({ deletions, clock, log });
  const parts = { deletions, feed, attempts, retained, account, changeMonitor };
  return {
    ...{ ...openSigner(options, parts), watch, deletions, feed, reaper, retained, retries },
    stop: async () => {
      await retained.stop();
      await reaper.stop();
      await drain(deletions, clock);
      await feed.stop();
      await watch.stop();
      await deletions.stop();
    },
  };
}

function openSigner(
  options: SigningOptions,
  parts: {
    readonly deletions: DeletionQueue;
    readonly feed: SigningRequestFeed;
    readonly attempts: ApiAttempts;
    readonly retained: RetainedRequests;
    readonly account: OwnAccount;
    readonly changeMonitor: CertificateChangeMonitor;
  },
): Pick<Signing, 'signer' | 'shared' | 'limiter' | 'submissions'> {
  const { kubernetes, approvals, approval, replica, clock, random, log } = options;
  const requests = kubernetes.signingRequests;
  const permissions = new PermissionTracker({ clock, log });
  const limiter = new SignerLimiter({ clock, random, log });
  const submissions = new Submissions({ ...parts, requests, permissions, replica, clock, log });
  const diagnosis = new StalledRequestDiagnosis({ explanations: options.explanations, clock, log });
  const single = new BackendSigner({
    ...{ ...parts, requests, submissions, limiter, diagnosis, permissions, approval, clock, random },
    keepForRetryMs,
  });
  const { budgetMsFor } = options;
  const shared = new RequestCoalescer({ signer: single, approvals, clock, budgetMsFor });
  return { signer: shared, shared, limiter, submissions };
}

function startWatch(
  listeners: readonly Pick<SigningRequestFeed, 'put' | 'gone'>[],
  labelSelector: string,
  { kubernetes, clock, random, log }: SigningOptions,
): SupervisedWatch<SigningRequest> {
  const watch = new SupervisedWatch<SigningRequest>({
    source: kubernetes.signingRequestSource(labelSelector),
    identify: (request) => request,
    handlers: {
      onPut: (request) => {
        for (const listener of listeners) listener.put(request);
      },
      onGone: (request) => {
        for (const listener of listeners) listener.gone(request);
      },
    },
    clock,
    random,
    log,
  });
  watch.start();
  return watch;
}

/** No request of any replica, nor one for a serving certificate, is in the cluster for longer. */
function orphanedAfter({ budgetMs, approval }: SigningOptions): number {
  const longestMs = Math.max(budgetMs, longestServingRequestMs[approval]) + reaperGraceMs;
  return Math.max(longestMs, longestRetainedMs);
}

/** What our objects cost the cluster ends with us where a few seconds suffice. */
async function drain(deletions: DeletionQueue, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const bound = sleep(clock, deletionDrainMs, enough.signal).catch(() => undefined);
  await Promise.race([deletions.drained(), bound]);
  enough.abort();
}
