import { describe, expect, it } from '@jest/globals';
import { createLogger, printable } from '../../../src/base/logger.ts';

function capture(): { lines: () => Record<string, unknown>[]; write: (line: string) => void } {
  const written: string[] = [];
  return {
    write: (line) => void written.push(line),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('createLogger', () => {
  it('writes one JSON object a line with level, time and fields', () => {
    const destination = capture();
    const log = createLogger({ level: 'info', destination });
    log.child({ requestId: 'r1' }).info('certificate issued', { signer: 'x/y' });
    expect(destination.lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown,
        requestId: 'r1',
        signer: 'x/y',
        message: 'certificate issued',
      },
    ]);
  });

  it('keeps the whole chain of causes of an error', () => {
    const destination = capture();
    const log = createLogger({ level: 'debug', destination });
    log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) });
    const [line] = destination.lines();
    expect(line?.['error']).toMatchObject({ message: 'outer', cause: { message: 'inner' } });
  });

  it('leaves out what is under its level', () => {
    const destination = capture();
    createLogger({ level: 'warn', destination }).info('quiet');
    expect(destination.lines()).toEqual([]);
  });
});

describe('printable', () => {
  it('replaces control and bidirectional characters', () => {
    expect(printable('a\u001b[31mb\nc\u202ed')).toBe('a\uFFFD[31mb\uFFFDc\uFFFDd');
  });

  it('cuts long texts', () => {
    expect(printable('x'.repeat(1000))).toHaveLength(257);
  });
});
