import { describe, expect, it } from '@jest/globals';
import { evaluateBetween } from '../../support/promql-evaluator.ts';
import { parseSamples } from '../../support/scraped-samples.ts';

const before = parseSamples('m{a="x",b="1"} 10\nm{a="x",b="2"} 1\nm{a="y",b="1"} 5\n');
const after = parseSamples('m{a="x",b="1"} 40\nm{a="x",b="2"} 7\nm{a="y",b="1"} 5\nm{a="z"} 9\n');
const scrapes = { before, after, seconds: 60 };

describe('the evaluation of an expression over two scrapes', () => {
  it.each([
    ['rate(m{b="2"}[5m])', [{ labels: { a: 'x', b: '2' }, value: 0.1 }]],
    ['sum(rate(m[5m]))', [{ labels: {}, value: 0.6 }]],
    ['sum by (a) (rate(m{b!="2"}[5m])) > 0', [{ labels: { a: 'x' }, value: 0.5 }]],
    [
      'sum by (a) (rate(m{b=~"1|3"}[1m])) unless sum by (a) (rate(m[1m])) > 0',
      [{ labels: { a: 'y' }, value: 0 }],
    ],
    ['sum(rate(m{b="1"}[5m])) / sum(rate(m{b="2"}[5m])) > 4', [{ labels: {}, value: 5 }]],
  ])('gives for %s what Prometheus gives', (expression, expected) => {
    expect(evaluateBetween(expression, scrapes)).toEqual(expected);
  });

  it('has no rate of a series that only one scrape has', () => {
    expect(evaluateBetween('rate(m{a="z"}[5m])', scrapes)).toEqual([]);
  });

  it.each(['histogram_quantile(0.9, m)', 'm', '1 + 1', 'sum(rate(m[5m]'])(
    'says that it cannot follow %s',
    (expression) => {
      expect(() => evaluateBetween(expression, scrapes)).toThrow();
    },
  );
});
