import type { Certificate } from '../../pki/certificate.ts';
import type { MeshSnapshot } from '../../mesh/mesh-snapshot.ts';
import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { dayOf, describeRoot } from '../describe-root.ts';
import { known } from '../fact.ts';

const soonMs = 30 * 86_400_000;

/** Whether the roots last for another month. */
export function rootsExpiry({ facts, ports }: Pick<CheckContext, 'facts' | 'ports'>): Check {
  return {
    id: 'roots-expiry',
    severity: 'error',
    run: () => judgeExpiry(known(facts.mesh).snapshot, ports.clock.now()),
  };
}

export function judgeExpiry({ trust }: Pick<MeshSnapshot, 'trust'>, now: number): CheckVerdict {
  const roots = trust.signerNames.flatMap((signer) =>
    trust.anchorsOf(signer).map((root) => ({ signer, root })),
  );
  const text = (of: readonly { readonly signer: string; readonly root: Certificate }[]): string =>
    listed(
      of.map(({ signer, root }) => `${describeRoot(root)} of ${signer}: ${dayOf(root.notAfter)}`),
    );
  const over = roots.filter(({ root }) => root.notAfter <= now);
  const fix =
    'put the new root into caCertificates beside the old one, then change the CA, then take the old one out';
  if (over.length > 0) return failed(`roots that have expired: ${text(over)}`, fix);
  const soon = roots.filter(({ root }) => root.notAfter < now + soonMs);
  if (soon.length > 0) {
    return failed(`roots that expire within 30 days: ${text(soon)}`, fix, 'warning');
  }
  const first = Math.min(...roots.map(({ root }) => root.notAfter));
  return ok(
    roots.length === 0 ? 'there are no roots' : `the first root expires on ${dayOf(first)}`,
  );
}
