import { parseCertificate } from '../../pki/certificate.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { dayOf } from '../describe-root.ts';

const soonMs = 7 * 86_400_000;

/** Whether our own TLS certificate lasts, where it comes from a file. */
export function ownCertificate({ config, ports }: Pick<CheckContext, 'config' | 'ports'>): Check {
  return {
    id: 'own-certificate',
    severity: 'error',
    run: async () => {
      const { serving } = config;
      if (serving.kind === 'signer') return skipped(`${serving.signerName} signs it when we start`);
      if (serving.kind === 'none') return skipped('somebody else ends TLS');
      const text = await ports.readText(serving.certFile);
      if (text === undefined)
        return skipped(`there is no ${serving.certFile} here; run this in the pod`);
      const [leaf] = parseCertificateBundle(text).map((der) => parseCertificate(der));
      if (leaf === undefined) return skipped(`${serving.certFile} holds no certificate`);
      return judgeOwnCertificate(leaf, ports.clock.now());
    },
  };
}

export function judgeOwnCertificate(
  { notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>,
  now: number,
): CheckVerdict {
  const fix = 'renew the serving certificate, and see why whoever should do so has not';
  if (notBefore > now)
    return failed(`the serving certificate is not valid before ${dayOf(notBefore)}`, fix);
  if (notAfter <= now) return failed(`the serving certificate expired on ${dayOf(notAfter)}`, fix);
  const text = `the serving certificate is good until ${dayOf(notAfter)}`;
  // One of a day is renewed daily, and is no cause for worry half way through.
  const soon = Math.min(soonMs, (notAfter - notBefore) / 4);
  return notAfter - now < soon ? failed(text, fix, 'warning') : ok(text);
}
