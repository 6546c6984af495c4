import { textAt } from '../../base/json.ts';
import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';

/** Whether sidecars and gateways are given the roots that verify the control plane. */
export function injectionRootVolume({ facts }: Pick<CheckContext, 'facts'>): Check {
  return {
    id: 'injection-root-volume',
    severity: 'error',
    run: () => judgeInjection(known(facts.injectorValues)),
  };
}

/** `values` is JSON, as istiod's chart writes it for its sidecar injector; empty where there is none. */
export function judgeInjection(values: string): CheckVerdict {
  if (values === '') return skipped('there is no ConfigMap istio-sidecar-injector here');
  const provider = textAt(parsed(values), 'global', 'pilotCertProvider');
  if (!provider.startsWith('k8s.io/')) {
    return ok(`pods are injected with the roots (global.pilotCertProvider ${provider || 'unset'})`);
  }
  const text = `global.pilotCertProvider is ${provider}: injected pods have no root and end at once`;
  const fix =
    'leave global.pilotCertProvider at istiod; for istiod alone set PILOT_CERT_PROVIDER under pilot.env';
  return failed(text, fix);
}

function parsed(values: string): unknown {
  try {
    return JSON.parse(values) as unknown;
  } catch (cause) {
    throw new Error('the values in istio-sidecar-injector are no JSON', { cause });
  }
}
