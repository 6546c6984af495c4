import { describe, expect, it } from '@jest/globals';
import { parseTraceParent } from '../../../src/base/trace-parent.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('parseTraceParent', () => {
  it.each([
    ['01', true],
    ['00', false],
    ['ff', true],
  ])('reads ids and the sampled flag %s', (flags, sampled) => {
    expect(parseTraceParent([`00-${traceId}-${spanId}-${flags}`])).toEqual({
      ...{ traceId, spanId, sampled },
    });
  });

  it('reads a later version, whatever follows', () => {
    expect(parseTraceParent([`01-${traceId}-${spanId}-01-more`])?.traceId).toBe(traceId);
  });

  it.each([
    ['none', []],
    ['two', [`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01`]],
    ['an empty one', ['']],
    ['upper case', [`00-${traceId.toUpperCase()}-${spanId}-01`]],
    ['a trace of zeros', [`00-${'0'.repeat(32)}-${spanId}-01`]],
    ['a span of zeros', [`00-${traceId}-${'0'.repeat(16)}-01`]],
    ['version ff', [`ff-${traceId}-${spanId}-01`]],
    ['more than version 00 has', [`00-${traceId}-${spanId}-01-more`]],
    ['more than version 00 has, without a dash', [`00-${traceId}-${spanId}-01x`]],
    ['a line break at its end', [`00-${traceId}-${spanId}-01\n`]],
    ['less than it has', [`00-${traceId}-${spanId}`]],
    ['more than anybody needs', [`01-${traceId}-${spanId}-01-${'x'.repeat(1000)}`]],
  ])('ignores %s', (_what, headers) => {
    expect(parseTraceParent(headers)).toBeUndefined();
  });
});
