import { messageOf } from '../../base/error-message.ts';
import { parseCertificateBundle } from '../../pki/pem.ts';
import type { CertificateCall, CertificateClientOptions } from '../../server/certificate-client.ts';
import { readTokenSubject } from '../token-subject.ts';
import { UsageError } from '../workspace.ts';
import type { RequestPlan } from './request-plan.ts';

/** What reaches out of this process. */
export interface AuthorityPorts {
  readonly readText: (path: string) => Promise<string>;
  readonly call: (call: CertificateCall & CertificateClientOptions) => Promise<readonly string[]>;
  readonly protoDirectory: string;
}

/** The authority that a plan names, asked as the workload that the plan names. */
export class Authority {
  readonly #plan: RequestPlan;
  readonly #ports: AuthorityPorts;

  constructor(plan: RequestPlan, ports: AuthorityPorts) {
    this.#plan = plan;
    this.#ports = ports;
  }

  /** Whom the certificate is for: named, impersonated, or the token's own account. Throws UsageError. */
  async identity(): Promise<string> {
    const { identity, trustDomain } = this.#plan;
    if (identity !== undefined) return identity;
    const { namespace, serviceAccount } = readTokenSubject((await this.#token()) ?? '');
    return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  }

  /**
   * Asks once, over a connection of its own. Token and roots are read each time: the kubelet replaces
   * a token long before it ends, and roots change too. Throws UsageError for a file that cannot be
   * used, and what the call throws.
   */
  async ask(csrPem: string, signal: AbortSignal): Promise<readonly string[]> {
    const { address, serverName, clusterId, impersonate } = this.#plan;
    const { validitySeconds, certSigner, deadlineMs } = this.#plan;
    const [token, rootPem] = await Promise.all([this.#token(), this.#roots()]);
    return this.#ports.call({
      address,
      serverName,
      rootPem,
      protoDirectory: this.#ports.protoDirectory,
      token,
      clusterId,
      impersonatedIdentity: impersonate,
      csrPem,
      validitySeconds,
      certSigner,
      deadlineMs,
      signal,
    });
  }

  async #token(): Promise<string | undefined> {
    const { token } = this.#plan;
    if (token === undefined) return undefined;
    const text = (await this.#read(token, 'token', tokenAdvice)).trim();
    if (text !== '') return text;
    throw new UsageError(`the token in ${token} is empty: ${tokenAdvice}`);
  }

  async #roots(): Promise<string> {
    const { root } = this.#plan;
    const text = await this.#read(root, 'roots', rootAdvice);
    const problem = bundleProblem(text);
    if (problem === undefined) return text;
    throw new UsageError(`the roots in ${root} cannot be used: ${problem}: ${rootAdvice}`);
  }

  async #read(path: string, what: string, advice: string): Promise<string> {
    try {
      return await this.#ports.readText(path);
    } catch (cause) {
      const problem = messageOf(cause);
      throw new UsageError(`cannot read the ${what}: ${problem}: ${advice}`, { cause });
    }
  }
}

const tokenAdvice =
  'name the file of a service account token with --token ("kubectl create token <account> --audience istio-ca" makes one)';
const rootAdvice =
  "name a PEM file with --root that holds the roots of the authority's own certificate";

function bundleProblem(pem: string): string | undefined {
  try {
    return parseCertificateBundle(pem).length === 0 ? 'there is no certificate' : undefined;
  } catch (error) {
    return messageOf(error);
  }
}
