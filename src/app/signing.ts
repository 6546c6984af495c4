import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Stoppable } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { SigningRequest } from '../kube/signing-requests.ts';
import { SupervisedWatch } from '../kube/supervised-watch.ts';
import { ApiAttempts } from '../signer/api-attempts.ts';
import { KubernetesCsrSigner } from '../signer/kubernetes-csr-signer.ts';
import type { ApprovalMode } from '../signer/kubernetes-csr-signer.ts';
import { Reaper } from '../signer/reaper.ts';
import { Removals } from '../signer/removals.ts';
import { replicaSelector } from '../signer/request-draft.ts';
import { SigningRequestFeed } from '../signer/signing-request-feed.ts';

export interface SigningOptions {
  readonly kubernetes: KubernetesApi;
  readonly approval: ApprovalMode;
  readonly approvals: ApprovalLog;
  readonly replica: string;
  /** The longest that a request may take. */
  readonly budgetMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The signer with everything that it runs on. */
export interface Signing extends Stoppable {
  readonly signer: KubernetesCsrSigner;
  readonly watch: SupervisedWatch<SigningRequest>;
  readonly removals: Removals;
  readonly feed: SigningRequestFeed;
}

/** After its budget a request may still be removing its own object. */
const reaperGraceMs = 15_000;

/** Wires the signer to its one shared watch, and starts the watch. */
export function startSigning(options: SigningOptions): Signing {
  const { kubernetes, approval, approvals, replica, clock, random, log } = options;
  const requests = kubernetes.signingRequests;
  const labelSelector = replicaSelector(replica);
  const attempts = new ApiAttempts({ clock, random });
  const feed = new SigningRequestFeed({ requests, labelSelector, clock, log });
  const removals = new Removals({ requests, attempts, clock, log });
  const watch = new SupervisedWatch<SigningRequest>({
    source: kubernetes.signingRequestSource(labelSelector),
    identify: (request) => request,
    handlers: {
      onPut: (request) => {
        feed.put(request);
      },
      onGone: (request) => {
        feed.gone(request);
      },
    },
    clock,
    random,
    log,
  });
  watch.start();
  const reaper = new Reaper({
    requests,
    removals,
    clock,
    log,
    selfReviews: kubernetes.selfReviews,
    isInFlight: (name) => feed.isAwaited(name),
    orphanedAfterMs: options.budgetMs + reaperGraceMs,
  });
  reaper.start();
  return {
    signer: new KubernetesCsrSigner({
      ...{ requests, feed, removals, attempts, approval, approvals, replica },
    }),
    watch,
    removals,
    feed,
    stop: async () => {
      await reaper.stop();
      await feed.stop();
      await watch.stop();
      await removals.stop();
    },
  };
}
