import type { GrantedIdentity } from '../authz/granted-identity.ts';
import type { Decision } from './decision.ts';
import type { IssuedChain } from './issued-chain.ts';

/** One request for a certificate by a caller who is known. */
export interface IssueRequest {
  readonly identity: GrantedIdentity;
  /** The CSR as it came, unchecked. */
  readonly csrPem: string;
  /** The validity asked for, in seconds; zero or negative means the default. */
  readonly requestedTtlSeconds: bigint;
  /** The signer that the client requests; undefined or "" when it requests none. */
  readonly certSigner: string | undefined;
  readonly decision: Decision;
}

/** The registration authority as the server sees it. */
export interface CertificateIssuer {
  /** Returns a verified chain or throws an RaError; on abort the signal's reason. */
  issue(request: IssueRequest, signal: AbortSignal): Promise<IssuedChain>;
}
