import { describe, expect, it } from '@jest/globals';
import { paintFor } from '../../../src/cli/terminal.ts';

const terminal = { isTTY: true, columns: 80, write: () => true };
const pipe = { write: () => true };

describe('paintFor', () => {
  it('colours what goes to a terminal', () => {
    expect(paintFor(terminal, {})('red', 'ERROR')).toBe('\u001b[31mERROR\u001b[39m');
  });

  it.each([
    ['a pipe', pipe, {}],
    ['a terminal of somebody who set NO_COLOR', terminal, { NO_COLOR: '1' }],
  ])('leaves text to %s as it is', (_what, sink, env) => {
    expect(paintFor(sink, env)('red', 'ERROR')).toBe('ERROR');
  });

  it('takes an empty NO_COLOR for none, as no-color.org says', () => {
    expect(paintFor(terminal, { NO_COLOR: '' })('bold', 'x')).not.toBe('x');
  });
});
