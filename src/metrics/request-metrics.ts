import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RaError } from '../base/ra-error.ts';
import type { Decision } from '../ra/decision.ts';
import { requestOutcomeOf } from '../ra/request-outcome.ts';
import { BoundedLabel, otherValue } from './bounded-label.ts';
import { namespaceOf } from './namespace-of.ts';

const none = 'none';
const max = { namespaces: 500, signers: 200, reasons: 200, steps: 32 };
/** Of all combinations together: what one scrape writes stays bounded too. */
const maxCombinations = 4_000;

const durationBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];
const stepBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/**
 * Requests by whom they were for and how they ended. A namespace counts once its caller has proved
 * it, a signer once it was assigned; a reason is a word of our own source (`RaError.reason`). So no
 * label takes what a stranger wrote, and all are bounded besides.
 *
 * It is `workload_namespace` because `namespace` is what Prometheus calls the one that we run in.
 */
export class RequestMetrics {
  readonly #requests: Counter<'signer' | 'workload_namespace' | 'outcome' | 'reason'>;
  readonly #durations: Histogram<'outcome'>;
  readonly #steps: Histogram<'step'>;
  readonly #namespaces = new BoundedLabel(max.namespaces);
  readonly #signers = new BoundedLabel(max.signers);
  readonly #reasons = new BoundedLabel(max.reasons);
  readonly #stepNames = new BoundedLabel(max.steps);
  readonly #combinations = new BoundedLabel(maxCombinations);

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'istio_ra_requests_total',
      help: 'Certificate requests by signer, namespace, outcome and reason.',
      labelNames: ['signer', 'workload_namespace', 'outcome', 'reason'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'istio_ra_request_duration_seconds',
      help: 'From the arrival of a request to its outcome.',
      labelNames: ['outcome'],
      buckets: durationBuckets,
      registers,
    });
    this.#steps = new Histogram({
      name: 'istio_ra_step_duration_seconds',
      help: 'How long each step of a request took; sign holds create, approve and wait.',
      labelNames: ['step'],
      buckets: stepBuckets,
      registers,
    });
  }

  ended(decision: Decision, error: RaError | undefined): void {
    const outcome = requestOutcomeOf(error);
    const { facts } = decision;
    const signer = facts.signer === undefined ? none : this.#signers.of(facts.signer);
    const proved = namespaceOf(facts.identity ?? facts.caller);
    const workload_namespace = proved === undefined ? none : this.#namespaces.of(proved);
    const reason = error === undefined ? none : this.#reasons.of(error.reason);
    const known = this.#combinations.of(`${signer} ${workload_namespace} ${outcome} ${reason}`);
    this.#requests.inc(
      known === otherValue
        ? { signer: otherValue, workload_namespace: otherValue, outcome, reason }
        : { signer, workload_namespace, outcome, reason },
    );
    this.#durations.observe({ outcome }, decision.elapsedMs() / 1000);
    for (const { name, durationMs } of decision.steps) {
      this.#steps.observe({ step: this.#stepNames.of(name) }, durationMs / 1000);
    }
  }
}
