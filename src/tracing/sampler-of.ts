import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { assertNever } from '../base/assert-never.ts';
import type { Sampling } from './tracing-settings.ts';

export function samplerOf(sampling: Sampling): Sampler {
  const root = rootSampler(sampling);
  return sampling.parentBased ? new ParentBasedSampler({ root }) : root;
}

function rootSampler({ kind, ratio }: Sampling): Sampler {
  switch (kind) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    default:
      return assertNever(kind);
  }
}
