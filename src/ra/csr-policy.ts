import { RaError } from '../base/ra-error.ts';
import { parseCertificateRequest } from '../pki/certificate-request.ts';
import type { CertificateRequest } from '../pki/certificate-request.ts';
import { CsrError } from '../pki/errors.ts';
import type { GrantedIdentity } from '../authz/granted-identity.ts';

/** Proof that a CSR has an accepted shape, a good signature and asks for its identity alone. */
export class AdmittedRequest {
  declare protected readonly proof: true;
  readonly request: CertificateRequest;
  readonly identity: GrantedIdentity;

  private constructor(request: CertificateRequest, identity: GrantedIdentity) {
    this.request = request;
    this.identity = identity;
  }

  /** Throws CSR_REJECTED with the precise reason for the log; the client learns only the code. */
  static admit(csrPem: string, identity: GrantedIdentity): AdmittedRequest {
    const request = parse(csrPem);
    if (request.uri !== identity.id.uri) {
      throw new RaError('CSR_REJECTED', 'the CSR asks for another identity than the caller has', {
        reason: 'san_mismatch',
      });
    }
    return new AdmittedRequest(request, identity);
  }
}

function parse(csrPem: string): CertificateRequest {
  try {
    return parseCertificateRequest(csrPem);
  } catch (error) {
    if (error instanceof CsrError) {
      throw new RaError('CSR_REJECTED', error.message, { reason: error.reason, cause: error });
    }
    throw error;
  }
}
