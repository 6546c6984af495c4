import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { Attributes, Context, HrTime, Span, Tracer } from '@opentelemetry/api';
import type { RaError } from '../base/ra-error.ts';
import type { Decision, DecisionFacts, Step } from '../ra/decision.ts';
import { requestOutcomeOf } from '../ra/request-outcome.ts';

/** What a span tells of the request, under the names of the audit line. */
const toldFacts = [
  'caller',
  'method',
  'identity',
  'signer',
  'assignedBy',
  'csrName',
  'ttlSeconds',
  'meshGeneration',
] as const satisfies readonly (keyof DecisionFacts)[];

/**
 * Opens the span of a request, as if at its arrival: part of the caller's trace where there is one.
 * Notes the trace id among the facts where the trace is recorded, so that log and audit line have it.
 */
export function openRequestSpan(tracer: Tracer, decision: Decision): Span {
  const span = tracer.startSpan(
    'CreateCertificate',
    { kind: SpanKind.SERVER, startTime: timeOf(decision.arrivedAt) },
    contextOf(decision),
  );
  if (span.isRecording()) decision.note({ traceId: span.spanContext().traceId });
  return span;
}

/** Ends the request's span, with one inside for each step. */
export function endRequestSpan(
  tracer: Tracer,
  span: Span,
  end: { readonly decision: Decision; readonly error: RaError | undefined },
): void {
  if (!span.isRecording()) return;
  const { decision, error } = end;
  const { arrivedAt } = decision;
  span.setAttributes(attributesOf(decision, error));
  if (error !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: `${error.code}/${error.reason}` });
  }
  const contexts: Context[] = [];
  const outermost = trace.setSpan(ROOT_CONTEXT, span);
  for (const step of decision.steps) {
    const parent = step.parent === undefined ? outermost : (contexts[step.parent] ?? outermost);
    contexts.push(trace.setSpan(parent, stepSpan(tracer, { step, parent, arrivedAt })));
  }
  span.end(timeOf(arrivedAt + decision.elapsedMs()));
}

function stepSpan(
  tracer: Tracer,
  of: { readonly step: Step; readonly parent: Context; readonly arrivedAt: number },
): Span {
  const { name, startMs, durationMs, done } = of.step;
  const startTime = timeOf(of.arrivedAt + startMs);
  const span = tracer.startSpan(name, { startTime }, of.parent);
  if (!done) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(timeOf(of.arrivedAt + startMs + durationMs));
  return span;
}

function contextOf({ traceParent }: Decision): Context {
  if (traceParent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = traceParent;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function attributesOf(decision: Decision, error: RaError | undefined): Attributes {
  const { facts, requestId } = decision;
  const told = toldFacts.map((name) => [`istio_ra.${name}`, facts[name]] as const);
  return {
    'rpc.system': 'grpc',
    'rpc.service': 'istio.v1.auth.IstioCertificateService',
    'rpc.method': 'CreateCertificate',
    'istio_ra.requestId': requestId,
    'istio_ra.outcome': requestOutcomeOf(error),
    ...(error === undefined
      ? {}
      : { 'istio_ra.code': error.code, 'istio_ra.reason': error.reason }),
    ...Object.fromEntries(told.filter(([, value]) => value !== undefined)),
  };
}

/** Seconds and nanoseconds: the SDK takes a plain number for one of two things, by its size. */
function timeOf(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
