import type { AssignmentInputs } from '../../authz/assignment-inputs.ts';
import { explainSigner } from '../../authz/granted-signer.ts';
import { workloadId } from '../../pki/spiffe-id.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import type { PodFacts } from '../facts.ts';
import type { InjectedPod } from '../injected-pod.ts';

/** Whether running pods ask for the signer that is assigned to them now. */
export function podsInjectedSigner({
  facts,
  config,
}: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'pods-injected-signer',
    severity: 'error',
    run: () => judgePods(known(facts.pods), known(facts.inputs), config.cluster.id),
  };
}

export function judgePods(
  { pods, isWhole }: PodFacts,
  inputs: AssignmentInputs,
  cluster: string,
): CheckVerdict {
  const answers = pods.map((pod) => answerTo(pod, inputs, cluster));
  const refused = answers.flatMap((answer) => (answer.kind === 'refused' ? [answer.text] : []));
  const fix = 'restart these pods, so that what is assigned now is written into them';
  if (refused.length > 0) {
    return failed(`pods that will be refused: ${listed(refused)}`, fix);
  }
  const other = answers.flatMap((answer) => (answer.kind === 'other' ? [answer.text] : []));
  if (other.length > 0) {
    return failed(
      `pods that ask for another signer than they get: ${listed(other)}`,
      fix,
      'warning',
    );
  }
  const rest = isWhole ? '' : ', of those that were looked at: there are more';
  return ok(`${pods.length} pods with an agent get what they ask for${rest}`);
}

type Answer =
  { readonly kind: 'same' } | { readonly kind: 'refused' | 'other'; readonly text: string };

function answerTo(pod: InjectedPod, inputs: AssignmentInputs, cluster: string): Answer {
  const { namespace, name, serviceAccount, labels, certSigner } = pod;
  const { trustDomain } = inputs.mesh.config;
  const identity = workloadId({ trustDomain, namespace, serviceAccount });
  const namespaceLabels = inputs.namespaceLabels(namespace, cluster);
  const workload = { identity, cluster, namespaceLabels, podLabels: [labels] };
  const { verdict } = explainSigner(workload, certSigner, inputs);
  const requested = certSigner === '' ? 'no signer' : certSigner;
  if (verdict.kind === 'refused') {
    return {
      kind: 'refused',
      text: `${namespace}/${name} asks for ${requested} (${verdict.error.reason})`,
    };
  }
  if (verdict.servedInsteadOf === undefined) return { kind: 'same' };
  return {
    kind: 'other',
    text: `${namespace}/${name} asks for ${requested} and gets ${verdict.signer}`,
  };
}
