import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RaError, RaErrorCode } from '../base/ra-error.ts';

const authenticationFailures: ReadonlySet<RaErrorCode> = new Set([
  'CALLER_UNAUTHENTICATED',
  'AUTHENTICATION_UNAVAILABLE',
  'IMPERSONATION_REFUSED',
]);

/** The words that istiod's label `error` takes. */
type SignError = 'CA_NOT_READY' | 'CSR_ERROR' | 'TTL_ERROR' | 'CERT_GEN_ERROR' | 'UNKNOWN';

const signErrors: Partial<Record<RaErrorCode, SignError>> = {
  CSR_REJECTED: 'CSR_ERROR',
  REQUEST_MALFORMED: 'CSR_ERROR',
  TTL_REJECTED: 'TTL_ERROR',
  NOT_READY: 'CA_NOT_READY',
  OVERLOADED: 'CA_NOT_READY',
  SIGNER_WITHOUT_ROOT: 'CA_NOT_READY',
  SIGNER_UNAVAILABLE: 'CA_NOT_READY',
  KUBERNETES_UNAVAILABLE: 'CERT_GEN_ERROR',
  KUBERNETES_REFUSED: 'CERT_GEN_ERROR',
  KUBERNETES_FORBIDDEN: 'CERT_GEN_ERROR',
  SIGNING_DENIED: 'CERT_GEN_ERROR',
  SIGNING_FAILED: 'CERT_GEN_ERROR',
  SIGNER_TIMEOUT: 'CERT_GEN_ERROR',
  SIGNING_INTERRUPTED: 'CERT_GEN_ERROR',
  ISSUED_CERTIFICATE_REJECTED: 'CERT_GEN_ERROR',
};

/** Reasons that are about the names in a CSR. */
const aboutIdentity = /^(san|subject|spiffe|uri)_/;

/** What istiod's CA counts, under its names, so that its dashboards and alerts go on working. */
export class IstioMetrics {
  readonly #requests: Counter;
  readonly #authentication: Counter;
  readonly #parsing: Counter;
  readonly #identity: Counter;
  readonly #signing: Counter<'error'>;
  readonly #issued: Counter;

  constructor(registry: Registry) {
    const counter = <Label extends string = never>(
      name: string,
      help: string,
      labelNames: readonly Label[] = [],
    ): Counter<Label> =>
      new Counter({ name: `citadel_server_${name}`, help, labelNames, registers: [registry] });
    this.#requests = counter('csr_count', 'Certificate requests that came in.');
    this.#authentication = counter(
      'authentication_failure_count',
      'Requests whose caller, or whose right to speak for another, was not proved.',
    );
    this.#parsing = counter('csr_parsing_err_count', 'Requests whose CSR was not accepted.');
    this.#identity = counter(
      'id_extraction_err_count',
      "Requests whose CSR does not name the caller's identity.",
    );
    this.#signing = counter(
      'csr_sign_err_count',
      'Requests of known callers that ended without a certificate.',
      ['error'],
    );
    this.#issued = counter('success_cert_issuance_count', 'Certificates issued.');
  }

  started(): void {
    this.#requests.inc();
  }

  ended(error: RaError | undefined): void {
    if (error === undefined) this.#issued.inc();
    else if (authenticationFailures.has(error.code)) this.#authentication.inc();
    else this.#countFailure(error);
  }

  #countFailure({ code, reason }: RaError): void {
    this.#signing.inc({ error: signErrors[code] ?? 'UNKNOWN' });
    if (code !== 'CSR_REJECTED') return;
    if (aboutIdentity.test(reason)) this.#identity.inc();
    else this.#parsing.inc();
  }
}
