import { textAt, stringMapAt } from '../../base/json.ts';
import type { CheckPorts } from '../ports.ts';
import { ChainError } from '../../pki/errors.ts';
import { ChainVerifier } from '../../pki/chain.ts';
import { parseCertificate } from '../../pki/certificate.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { describeRoot } from '../describe-root.ts';
import { known } from '../fact.ts';
import { checkEach } from '../used-signers.ts';

/** Where cert-manager keeps the Secrets of ClusterIssuers unless it is told otherwise. */
const clusterResourceNamespace = 'cert-manager';
const reference =
  /^(?:clusterissuers\.cert-manager\.io\/|issuers\.cert-manager\.io\/(?<namespace>[^.]+)\.)(?<name>.+)$/;

type Context = Pick<CheckContext, 'facts' | 'ports' | 'signers'>;

/** Whether what each CA issuer of cert-manager signs with leads to a root of its signer. */
export function issuerCaInRoots({ facts, ports, signers }: Context): readonly Check[] {
  return checkEach('issuer-ca-in-roots', signers, (signer) => ({
    severity: 'error',
    run: async (signal) => {
      known(facts.server);
      if (!reference.test(signer)) return skipped('it is no issuer of cert-manager');
      const pem = await readIssuerCa(signer, ports, signal);
      if (pem === undefined) return skipped('it is no CA issuer whose Secret can be found');
      const roots = known(facts.mesh).snapshot.trust.anchorsOf(signer);
      return judgeIssuerCa(signer, pem, { roots, now: ports.clock.now() });
    },
  }));
}

/** The `tls.crt` of the issuer's CA; undefined where it is none, or has no Secret where we look. */
async function readIssuerCa(
  signer: string,
  { inspection }: Pick<CheckPorts, 'inspection'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace, name = '' } = reference.exec(signer)?.groups ?? {};
  const place = namespace === undefined ? {} : { namespace };
  const resource = namespace === undefined ? 'clusterissuers' : 'issuers';
  const issuers = { group: 'cert-manager.io', version: 'v1', resource, name, ...place };
  const [issuer] = (await inspection.list(issuers, signal)).items;
  const secretName = textAt(issuer, 'spec', 'ca', 'secretName');
  if (secretName === '') return undefined;
  const secrets = {
    group: '',
    version: 'v1',
    resource: 'secrets',
    name: secretName,
    namespace: namespace ?? clusterResourceNamespace,
  };
  const [secret] = (await inspection.list(secrets, signal)).items;
  // Nothing else of the Secret is looked at: the key beside it is none of our business.
  const encoded = stringMapAt(secret, 'data')['tls.crt'];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

export function judgeIssuerCa(
  signer: string,
  pem: string,
  { roots, now }: { readonly roots: readonly Certificate[]; readonly now: number },
): CheckVerdict {
  const [ca, ...candidates] = parseCertificateBundle(pem).map((der) => parseCertificate(der));
  if (ca === undefined) return skipped('the Secret of the issuer holds no certificate');
  const text = `${signer} signs with ${describeRoot(ca)}`;
  if (roots.some(({ sha256 }) => sha256 === ca.sha256)) return ok(`${text}, one of its roots`);
  try {
    new ChainVerifier().buildPath({ leaf: ca, candidates, roots, at: now });
    return ok(`${text}, which leads to one of its roots`);
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    const fix =
      'put the root of that CA into caCertificates of the mesh config, beside the others of the signer; ' +
      'a Certificate with rotationPolicy: Always makes a new key at each renewal';
    return failed(
      `${text}, which leads to no root of that signer in the mesh config: ${error.message}`,
      fix,
    );
  }
}
