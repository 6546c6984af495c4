import { describe, expect, it } from '@jest/globals';
import { DiscoverySelectors } from '../../../src/mesh/discovery-selectors.ts';
import { MeshConfigError } from '../../../src/mesh/mesh-config-error.ts';

function matches(list: unknown, labels: Record<string, string>): boolean {
  return DiscoverySelectors.parse(list).matches(labels);
}

const expression = (operator: string, ...values: string[]): unknown => [
  { matchExpressions: [{ key: 'team', operator, values }] },
];

describe('DiscoverySelectors', () => {
  it.each([[undefined], [null], [[]], [[{}]], [[{ matchLabels: {}, matchExpressions: [] }]]])(
    'choose every namespace where they are %j',
    (list) => {
      expect(matches(list, {})).toBe(true);
      expect(matches(list, { a: 'b' })).toBe(true);
    },
  );

  it('want every label of a selector', () => {
    const list = [{ matchLabels: { mesh: 'on', env: 'prod' } }];
    expect(matches(list, { mesh: 'on', env: 'prod', other: 'x' })).toBe(true);
    expect(matches(list, { mesh: 'on' })).toBe(false);
    expect(matches(list, { mesh: 'on', env: 'dev' })).toBe(false);
  });

  it('want one selector of several', () => {
    const list = [{ matchLabels: { a: '1' } }, { matchLabels: { b: '2' } }];
    expect(matches(list, { b: '2' })).toBe(true);
    expect(matches(list, { a: '2', b: '1' })).toBe(false);
  });

  it('want labels and expressions together', () => {
    const list = [
      { matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'Exists' }] },
    ];
    expect(matches(list, { a: '1', b: '' })).toBe(true);
    expect(matches(list, { a: '1' })).toBe(false);
    expect(matches(list, { b: '' })).toBe(false);
  });

  it.each([
    ['In', ['foo', 'bar'], { team: 'bar' }, true],
    ['In', ['foo'], { team: 'bar' }, false],
    ['In', ['foo'], {}, false],
    ['NotIn', ['foo'], { team: 'bar' }, true],
    ['NotIn', ['foo'], { team: 'foo' }, false],
    ['NotIn', ['foo'], {}, true],
    ['Exists', [], { team: '' }, true],
    ['Exists', [], {}, false],
    ['DoesNotExist', [], {}, true],
    ['DoesNotExist', [], { team: '' }, false],
  ])('take %s of %j for %j to be %s', (operator, values, labels, expected) => {
    expect(matches(expression(operator, ...values), labels as Record<string, string>)).toBe(
      expected,
    );
  });

  it('are not misled by names that every object has', () => {
    const list = [{ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }];
    expect(matches(list, {})).toBe(false);
  });

  it.each([
    ['text', 'discoverySelectors: must be a list'],
    [['text'], 'discoverySelectors[0]: must be a mapping'],
    [[{ matchLabel: { a: 'b' } }], 'discoverySelectors[0].matchLabel: is not understood'],
    [[{ matchLabels: { a: 1 } }], 'discoverySelectors[0].matchLabels.a: must be the value'],
    [[{ matchLabels: { 'a b': 'c' } }], 'matchLabels: must be the key of a label'],
    [[{ matchLabels: { '/a': 'c' } }], 'must be the key of a label'],
    [[{ matchLabels: { a: 'x'.repeat(64) } }], 'must be the value of a label'],
    [[{ matchExpressions: [{ operator: 'Exists' }] }], 'matchExpressions[0].key: must be'],
    [expression('Gt', '1'), 'operator: must be In, NotIn, Exists or DoesNotExist'],
    [expression('In'), 'values: must hold one at least for In'],
    [expression('Exists', 'x'), 'values: must be empty for Exists'],
    [Array.from({ length: 101 }, () => ({})), 'must hold 100 selectors at most'],
  ])('refuse %j and say where', (list, problem) => {
    expect(() => DiscoverySelectors.parse(list)).toThrow(problem);
    expect(() => DiscoverySelectors.parse(list)).toThrow(MeshConfigError);
  });
});
