import { describe, expect, it } from '@jest/globals';
import { namesIn } from '../../support/promql-selectors.ts';

describe('namesIn', () => {
  it('tells metrics from functions, labels, strings, ranges and operators', () => {
    const expression =
      'histogram_quantile(0.99, sum by (le, step) (rate(a_bucket{x="b{c}", y!~"d"}[5m]))) > 10 and on (pod) e:f unless g == bool 0';
    expect(namesIn(expression)).toEqual({
      selectors: [
        { metric: 'a_bucket', labels: ['x', 'y'] },
        { metric: 'e:f', labels: [] },
        { metric: 'g', labels: [] },
      ],
      grouping: ['le', 'step', 'pod'],
    });
  });

  it('reads an aggregation that is grouped after its operand', () => {
    expect(namesIn('sum(rate(a[$__rate_interval])) by (b)')).toEqual({
      selectors: [{ metric: 'a', labels: [] }],
      grouping: ['b'],
    });
  });

  it('does not guess', () => {
    expect(() => namesIn('a ? b')).toThrow('cannot read ? b');
  });
});
