import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { errorTable } from '../base/error-table.ts';
import type { RaError } from '../base/ra-error.ts';

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
    if (error === undefined) {
      this.#issued.inc();
      return;
    }
    const { istiodCounter } = errorTable[error.code];
    if (istiodCounter === 'authentication') this.#authentication.inc();
    else {
      this.#signing.inc({ error: istiodCounter });
      this.#countRejectedCsr(error);
    }
  }

  #countRejectedCsr({ code, reason }: RaError): void {
    if (code !== 'CSR_REJECTED') return;
    if (aboutIdentity.test(reason)) this.#identity.inc();
    else this.#parsing.inc();
  }
}
