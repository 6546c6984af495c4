import type { RaConfig } from '../config/ra-config.ts';
import type { KubernetesApi } from '../kube/client-node/connect-kubernetes.ts';
import type { ApprovalLog } from '../ra/approval-log.ts';
import type { ChangeLog } from '../ra/change-log.ts';
import type { FeedContext } from '../kube/resource-feeds.ts';
import { KubernetesSignerExplanations } from '../signer/signer-explanations.ts';
import { startSigning } from './signing.ts';
import type { Signing } from './signing.ts';

export interface OpenSigningOptions {
  readonly config: Pick<RaConfig, 'approval' | 'replica' | 'requestBudgetMs' | 'load'>;
  readonly kubernetes: KubernetesApi;
  readonly approvals: ApprovalLog;
  readonly changes: ChangeLog;
  readonly context: FeedContext;
}

/** Starts what gets requests signed, as the configuration has it. */
export function openSigning({
  config,
  kubernetes,
  approvals,
  changes,
  context,
}: OpenSigningOptions): Signing {
  const { clock, random, started, watches } = context;
  const { approval, replica, requestBudgetMs: budgetMs, load } = config;
  const log = context.log.scope('signer');
  const { issuerStatuses: issuers, requestEvents: events } = kubernetes;
  const signing = startSigning({
    ...{ kubernetes, approval, approvals, changes, replica, budgetMs, clock, random, log },
    budgetMsFor: (signerName) => load.signerBudgetsMs[signerName],
    explanations: new KubernetesSignerExplanations({ issuers, events, log }),
  });
  watches?.add('certificatesigningrequests', signing.watch);
  started.defer(() => signing.stop());
  return signing;
}
