import { failed, ok, skipped } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import { known } from '../fact.ts';

const warnFromMs = 60_000;
/** From here on what a signer signs is refused as not valid yet, or as too long. */
const failFromMs = 300_000;

/** Whether this machine and the API server tell the same time. */
export function clockSkew({ facts }: Pick<CheckContext, 'facts'>): Check {
  return {
    id: 'clock-skew',
    severity: 'warning',
    run: () => judgeSkew(known(facts.server).clockSkewMs),
  };
}

export function judgeSkew(skewMs: number | undefined): CheckVerdict {
  if (skewMs === undefined) return skipped('the API server told no time');
  const seconds = Math.round(skewMs / 1000);
  const text = `the API server's clock differs from this one's by ${seconds} s`;
  if (Math.abs(skewMs) < warnFromMs) return ok(text);
  const severity = Math.abs(skewMs) < failFromMs ? 'warning' : 'error';
  return failed(text, 'correct the clock that is wrong (NTP)', severity);
}
