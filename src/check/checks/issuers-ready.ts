import type { IssuerStatus } from '../../kube/issuers.ts';
import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';
import { checkEach } from '../used-signers.ts';

/** Whether each signer's issuer says that it is ready. */
export function issuersReady(
  context: Pick<CheckContext, 'facts' | 'ports' | 'signers'>,
): readonly Check[] {
  const { facts, ports, signers } = context;
  return checkEach('issuers-ready', signers, (signer) => ({
    severity: 'error',
    run: async (signal) => {
      known(facts.server);
      return judgeIssuer(signer, await ports.issuerStatuses.read(signer, signal));
    },
  }));
}

export function judgeIssuer(signer: string, status: IssuerStatus | undefined): CheckVerdict {
  if (status === undefined) return skipped(`the name ${signer} does not tell where its issuer is`);
  const { kind, namespace, name, ready, reason, message } = status;
  const object = `${kind}/${namespace === undefined ? '' : `${namespace}/`}${name}`;
  if (ready === 'True') return ok(`${object} is ready`);
  const said = [reason, message].filter((text) => text !== '').join(': ');
  const text = `${object} is not ready${said === '' ? ', and does not say why' : `: ${said}`}`;
  const fix =
    reason === 'NotFound'
      ? 'create that issuer, or correct the name of the signer'
      : `see kubectl describe ${kind} ${name}`;
  return failed(text, fix);
}
