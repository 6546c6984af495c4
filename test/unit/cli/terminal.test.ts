import { describe, expect, it } from '@jest/globals';
import { stylerFor } from '../../../src/cli/terminal.ts';

const terminal = { isTTY: true, columns: 80, write: () => true };
const pipe = { write: () => true };

describe('stylerFor', () => {
  it('colours what goes to a terminal', () => {
    expect(stylerFor(terminal, {})('red', 'ERROR')).toBe('\u001b[31mERROR\u001b[39m');
  });

  it.each([
    ['a pipe', pipe, {}],
    ['a terminal of somebody who set NO_COLOR', terminal, { NO_COLOR: '1' }],
  ])('leaves text to %s as it is', (_what, sink, env) => {
    expect(stylerFor(sink, env)('red', 'ERROR')).toBe('ERROR');
  });

  it('takes an empty NO_COLOR for none, as no-color.org says', () => {
    expect(stylerFor(terminal, { NO_COLOR: '' })('bold', 'x')).not.toBe('x');
  });
});
