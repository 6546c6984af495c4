import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { placeOf } from '../control-plane-workload.ts';
import type { ControlPlaneWorkload } from '../control-plane-workload.ts';
import { known } from '../fact.ts';
import { isCertManagers } from './cert-manager-present.ts';

const gate = 'ExperimentalCertificateSigningRequestControllers';

/** Whether cert-manager looks at CertificateSigningRequests, which it does not by itself. */
export function certManagerCsrFeature({
  facts,
  signers,
}: Pick<CheckContext, 'facts' | 'signers'>): Check {
  return {
    id: 'cert-manager-csr-feature',
    severity: 'error',
    run: () =>
      known(signers).some(isCertManagers)
        ? judgeFeature(known(facts.certManagers))
        : skipped('no signer is an issuer of cert-manager'),
  };
}

type Controller = Pick<ControlPlaneWorkload, 'namespace' | 'name' | 'args'>;

export function judgeFeature(controllers: readonly Controller[]): CheckVerdict {
  const [controller] = controllers;
  if (controller === undefined) {
    return skipped(
      "cert-manager's Deployment was not found by its labels; --canary tells for sure",
    );
  }
  const gates = new Map(controller.args.flatMap(gatesOf));
  const isOn = gates.get(gate) ?? gates.get('AllAlpha');
  if (isOn === 'true') return ok(`${placeOf(controller)} signs CertificateSigningRequests`);
  if (isOn === undefined && controller.args.some((arg) => /^--config\b/.test(arg))) {
    return skipped(`${placeOf(controller)} has a configuration file; --canary tells for sure`);
  }
  const fix = `start its controller with --feature-gates=${gate}=true (value featureGates of its chart)`;
  return failed(
    `${placeOf(controller)} leaves CertificateSigningRequests unsigned, and says nothing`,
    fix,
  );
}

function gatesOf(argument: string): readonly (readonly [string, string])[] {
  const [, list] = /^--feature-gates=(.*)$/.exec(argument) ?? [];
  return (list ?? '')
    .split(',')
    .map((item) => item.split('='))
    .map(([name = '', value = '']) => [name.trim(), value.trim()]);
}
