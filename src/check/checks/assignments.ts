import type { AssignmentInputs } from '../../authz/assignment-inputs.ts';
import { explainSigner } from '../../authz/granted-signer.ts';
import { workloadId } from '../../pki/spiffe-id.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';

/** Whether what is assigned to each namespace can be followed, by the code that decides on requests. */
export function assignments({ facts, config }: Pick<CheckContext, 'facts' | 'config'>): Check {
  return {
    id: 'assignments',
    severity: 'error',
    run: () => {
      const { namespaces } = facts;
      const inputs = known(facts.inputs);
      const names =
        namespaces.kind === 'known'
          ? namespaces.value.map(({ name }) => name)
          : inputs.proxyConfigs.namespaces;
      return judgeAssignments(inputs, names, config.cluster.id);
    },
  };
}

export function judgeAssignments(
  inputs: AssignmentInputs,
  namespaces: readonly string[],
  cluster: string,
): CheckVerdict {
  const answers = namespaces.map((namespace) => answerFor(namespace, inputs, cluster));
  const refused = answers.flatMap(({ refused }) => refused ?? []);
  const granted = answers.filter(({ isGranted }) => isGranted).length;
  if (refused.length > 0) {
    const text = `namespaces whose assignment must not be followed: ${listed(refused)}`;
    return failed(
      text,
      'correct what the text names: a ProxyConfig, or a rule of the signer policy',
    );
  }
  return ok(`${granted} of ${namespaces.length} namespaces have a signer, the others none`);
}

function answerFor(
  namespace: string,
  inputs: AssignmentInputs,
  cluster: string,
): { readonly isGranted: boolean; readonly refused?: string } {
  const { trustDomain } = inputs.mesh.config;
  const identity = workloadId({ trustDomain, namespace, serviceAccount: 'default' });
  const namespaceLabels = inputs.namespaceLabels(namespace, cluster);
  const workload = { identity, cluster, namespaceLabels, podLabels: undefined };
  const { verdict, steps } = explainSigner(workload, undefined, inputs);
  if (verdict.kind === 'granted') return { isGranted: true };
  // Many namespaces have no workload that needs a certificate.
  if (verdict.error.code === 'SIGNER_NOT_ASSIGNED') return { isGranted: false };
  const step = steps.find((one) => one.verdict === 'refused');
  return { isGranted: false, refused: `${namespace}: ${step?.because ?? verdict.error.message}` };
}
