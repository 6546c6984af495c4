import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { ChangeLog } from '../ra/change-log.ts';
import type { Signer } from '../ra/signer.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { SigningRequest } from '../kube/signing-requests.ts';
import { SupervisedWatch } from '../kube/supervised-watch.ts';
import { BackendSigner } from '../signer/backend-signer.ts';
import { CertificateChangeMonitor } from '../signer/certificate-change-monitor.ts';
import { DeletionQueue } from '../signer/cleanup/deletion-queue.ts';
import { Reaper } from '../signer/cleanup/reaper.ts';
import { RetainedRequests } from '../signer/cleanup/retained-requests.ts';
import { OwnAccount } from '../signer/csr/own-account.ts';
import { PermissionTracker } from '../signer/csr/permission-tracker.ts';
import { replicaSelector } from '../signer/csr/request-draft.ts';
import { SigningRequestFeed } from '../signer/csr/signing-request-feed.ts';
import { Submissions } from '../signer/csr/submissions.ts';
import { ApiAttempts } from '../signer/limits/api-attempts.ts';
import { RetryBudget } from '../signer/limits/retry-budget.ts';
import { SignerLimiter } from '../signer/limits/signer-limiter.ts';
import { RequestCoalescer } from '../signer/request-coalescer.ts';
import { KubernetesSignerExplanations } from '../signer/signer-explanations.ts';
import { StalledRequestDiagnosis } from '../signer/stalled-request-diagnosis.ts';
import { longestServingRequestMs } from '../serving/serving-certificate.ts';

export interface SigningOptions {
  readonly config: Pick<RaConfig, 'approval' | 'replica' | 'requestBudgetMs' | 'load'>;
  readonly kubernetes: KubernetesApi;
  readonly approvals: ApprovalLog;
  readonly changes: ChangeLog;
  readonly context: StartContext;
}

/** The signer with everything that it runs on. */
export interface Signing {
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
  const { config, kubernetes } = options;
  const { clock, random, started } = options.context;
  const log = options.context.log.scope('signer');
  const requests = kubernetes.signingRequests;
  const labelSelector = replicaSelector(config.replica);
  const feed = new SigningRequestFeed({ requests, labelSelector, clock, log });
  const changeMonitor = new CertificateChangeMonitor({ changes: options.changes, log });
  const watch = startWatch([feed, changeMonitor], labelSelector, options);
  const retries = new RetryBudget({ clock });
  const attempts = new ApiAttempts({ clock, random, retries });
  const isInFlight = (name: string): boolean => feed.isAwaited(name);
  const deletions = new DeletionQueue({
    requests,
    // Removals wait for each other, so they need no share in the requests' retries.
    attempts: new ApiAttempts({ clock, random }),
    isBusy: () => attempts.underWay >= busyCalls,
    isStorm: () => feed.waiting >= stormWaiters,
    isInFlight,
    clock,
    log,
  });
  const account = new OwnAccount({ reviews: kubernetes.selfReviews, clock, log });
  const reaper = new Reaper({
    requests,
    selfReviews: account,
    deletions,
    isInFlight,
    orphanedAfterMs: orphanedAfter(config),
    clock,
    log,
  });
  reaper.start();
  const retained = new RetainedRequests({ deletions, clock, log });
  started.defer(async () => {
    await retained.stop();
    await reaper.stop();
    await drain(deletions, clock);
    await feed.stop();
    await watch.stop();
    await deletions.stop();
  });
  const parts = { deletions, feed, attempts, retained, account, changeMonitor };
  return { ...openSigner(options, parts), watch, deletions, feed, reaper, retained, retries };
}

interface SignerParts {
  readonly deletions: DeletionQueue;
  readonly feed: SigningRequestFeed;
  readonly attempts: ApiAttempts;
  readonly retained: RetainedRequests;
  readonly account: OwnAccount;
  readonly changeMonitor: CertificateChangeMonitor;
}

function openSigner(
  { config, kubernetes, approvals, context }: SigningOptions,
  { deletions, feed, attempts, retained, account, changeMonitor }: SignerParts,
): Pick<Signing, 'signer' | 'shared' | 'limiter' | 'submissions'> {
  const { clock, random } = context;
  const log = context.log.scope('signer');
  const { signingRequests: requests, issuerStatuses: issuers, requestEvents: events } = kubernetes;
  const permissions = new PermissionTracker({ clock, log });
  const limiter = new SignerLimiter({ clock, random, log });
  const explanations = new KubernetesSignerExplanations({ issuers, events, log });
  const submissions = new Submissions({
    requests,
    feed,
    deletions,
    attempts,
    permissions,
    account,
    replica: config.replica,
    clock,
    log,
  });
  const single = new BackendSigner({
    requests,
    submissions,
    deletions,
    retained,
    limiter,
    diagnosis: new StalledRequestDiagnosis({ explanations, clock, log }),
    changeMonitor,
    attempts,
    permissions,
    approval: config.approval,
    keepForRetryMs,
    clock,
    random,
  });
  const shared = new RequestCoalescer({
    signer: single,
    approvals,
    clock,
    budgetMsFor: (signerName) => config.load.signerBudgetsMs[signerName],
  });
  return { signer: shared, shared, limiter, submissions };
}

function startWatch(
  listeners: readonly Pick<SigningRequestFeed, 'put' | 'gone'>[],
  labelSelector: string,
  { kubernetes, context }: SigningOptions,
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
    clock: context.clock,
    random: context.random,
    log: context.log.scope('signer'),
  });
  watch.start();
  return watch;
}

/** No request of any replica, nor one for a serving certificate, is in the cluster for longer. */
function orphanedAfter({ requestBudgetMs, approval }: SigningOptions['config']): number {
  const longestMs = Math.max(requestBudgetMs, longestServingRequestMs[approval]) + reaperGraceMs;
  return Math.max(longestMs, longestRetainedMs);
}

/** What our objects cost the cluster ends with us where a few seconds suffice. */
async function drain(deletions: DeletionQueue, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const bound = sleep(clock, deletionDrainMs, enough.signal).catch(() => undefined);
  await Promise.race([deletions.drained(), bound]);
  enough.abort();
}
