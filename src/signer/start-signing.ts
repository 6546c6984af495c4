import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { IssuerStatuses } from '../kube/issuers.ts';
import type { RequestEvents } from '../kube/request-events.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { ChangeLog } from '../ra/change-log.ts';
import type { Signer } from '../ra/signer.ts';
import { BackendSigner } from './backend-signer.ts';
import type { ApprovalMode } from './backend-signer.ts';
import { CertificateChangeMonitor } from './certificate-change-monitor.ts';
import { DeletionQueue } from './cleanup/deletion-queue.ts';
import { Reaper } from './cleanup/reaper.ts';
import { RetainedRequests } from './cleanup/retained-requests.ts';
import { CsrBackend } from './csr/csr-backend.ts';
import type { CsrApi } from './csr/csr-backend.ts';
import { KubernetesSignerExplanations } from './csr/signer-explanations.ts';
import { csrResource } from './csr/transient-error.ts';
import { ApiAttempts } from './limits/api-attempts.ts';
import { RetryBudget } from './limits/retry-budget.ts';
import { SignerLimiter } from './limits/signer-limiter.ts';
import { RequestCoalescer } from './request-coalescer.ts';
import type { BackendWatch, SigningBackend } from './signing-backend.ts';
import { StalledRequestDiagnosis } from './stalled-request-diagnosis.ts';

export interface SigningOptions {
  readonly kubernetes: CsrApi & {
    readonly issuerStatuses: IssuerStatuses;
    readonly requestEvents: RequestEvents;
  };
  readonly config: {
    readonly approval: ApprovalMode;
    /** Our name among the replicas, a label value. */
    readonly replica: string;
    /** The longest that a request may take. */
    readonly requestBudgetMs: number;
    /** How long a signer may take, where it has less than `requestBudgetMs`. */
    readonly load: { readonly signerBudgetsMs: Readonly<Record<string, number>> };
  };
  readonly approvals: ApprovalLog;
  readonly changes: ChangeLog;
  /** The longest that a request of ours that is no workload's may be in the cluster. */
  readonly maxOtherRequestMs: number;
  readonly context: StartContext;
}

/** The signer with everything that it runs on. */
export interface Signing {
  readonly signer: Signer;
  readonly backend: Pick<SigningBackend, 'waiting'>;
  readonly watch: BackendWatch;
  readonly limiter: SignerLimiter;
  readonly deletions: DeletionQueue;
  readonly reaper: Reaper;
}

/** After its budget a request may still be deleting its own object. */
const reaperGraceMs = 15_000;
/** Agents that ran out of time come back within this, with the same bytes. */
const retainForRetryMs = 60_000;
/** With the reaper's rounds, what a killed replica left is gone within two minutes. */
const maxRetainedMs = 90_000;
/** With so many calls under way deletions can wait. */
const busyCalls = 32;
/** With so many requests under way a call for each deletion would take from what they wait for. */
const stormWaiters = 8;
const deletionDrainMs = 5_000;

/** Wires the signer to its backend, and starts the backend's watch and the reaper. */
export function startSigning(options: SigningOptions): Signing {
  const { kubernetes, config, changes } = options;
  const { clock, random, started } = options.context;
  const log = options.context.log.scope('signer');
  const changeMonitor = new CertificateChangeMonitor({ changes, log });
  const resource = csrResource;
  const retries = new RetryBudget({ clock });
  const attempts = new ApiAttempts({ clock, random, retries, resource });
  const backend = new CsrBackend({
    kubernetes,
    attempts,
    changeMonitor,
    replica: config.replica,
    clock,
    random,
    log,
  });
  const watch = backend.watch();
  const deletions = new DeletionQueue({
    backend,
    // Deletions wait for each other, so they need no share in the requests' retries.
    attempts: new ApiAttempts({ clock, random, resource }),
    isBusy: () => attempts.underWay >= busyCalls,
    isStorm: () => backend.waiting >= stormWaiters,
    clock,
    log,
  });
  const orphanedAfterMs = orphanedAfter(options);
  const reaper = new Reaper({ backend, deletions, orphanedAfterMs, clock, log });
  reaper.start();
  const retained = new RetainedRequests({ deletions, clock, log });
  const limiter = new SignerLimiter({ clock, random, log });
  const signer = openSigner(options, { backend, changeMonitor, limiter, retained, deletions });
  started.defer(async () => {
    await retained.stop();
    await reaper.stop();
    await drain(deletions, clock);
    await backend.stop();
    await deletions.stop();
  });
  return { signer, backend, watch, limiter, deletions, reaper };
}

function openSigner(
  { kubernetes, config, approvals, context }: SigningOptions,
  parts: {
    readonly backend: SigningBackend;
    readonly changeMonitor: CertificateChangeMonitor;
    readonly limiter: SignerLimiter;
    readonly retained: RetainedRequests;
    readonly deletions: DeletionQueue;
  },
): Signer {
  const { clock } = context;
  const log = context.log.scope('signer');
  const { issuerStatuses: issuers, requestEvents: events } = kubernetes;
  const explanations = new KubernetesSignerExplanations({ issuers, events, log });
  return new BackendSigner({
    ...parts,
    coalescer: new RequestCoalescer({ approvals }),
    diagnosis: new StalledRequestDiagnosis({ explanations, clock, log }),
    approval: config.approval,
    retainForRetryMs,
    budgetMsFor: (signerName) => config.load.signerBudgetsMs[signerName],
    clock,
  });
}

/** No request of any replica is in the cluster for longer, whatever it is for. */
function orphanedAfter({ config, maxOtherRequestMs }: SigningOptions): number {
  const maxMs = Math.max(config.requestBudgetMs, maxOtherRequestMs) + reaperGraceMs;
  return Math.max(maxMs, maxRetainedMs);
}

/** At the end our objects are deleted from the cluster as far as a few seconds suffice. */
async function drain(deletions: DeletionQueue, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const bound = sleep(clock, deletionDrainMs, enough.signal).catch(() => undefined);
  await Promise.race([deletions.drained(), bound]);
  enough.abort();
}
