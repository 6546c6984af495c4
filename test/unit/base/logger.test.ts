import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { logScopes } from '../../../src/base/log-scopes.ts';
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

describe('scopes', () => {
  const scopes = { kube: 'debug', signer: 'none' } as const;

  it('have levels of their own', () => {
    const destination = capture();
    const log = createLogger({ level: 'warn', scopes, destination });
    log.debug('not this');
    log.scope('mesh').debug('nor this');
    log.scope('signer').error('nor this');
    log.scope('kube').debug('but this');
    expect(destination.lines()).toMatchObject([{ scope: 'kube', message: 'but this' }]);
  });

  it('follow one another, with the fields that were given so far', () => {
    const destination = capture();
    const log = createLogger({ level: 'warn', scopes, destination });
    const inside = log.child({ a: 1 }).scope('kube').child({ b: 2 });
    inside.debug('first');
    inside.scope('mesh').warn('second');
    inside.scope('mesh').info('not this');
    expect(destination.lines()).toMatchObject([
      { scope: 'kube', a: 1, b: 2, message: 'first' },
      { scope: 'mesh', a: 1, b: 2, message: 'second' },
    ]);
  });

  it('are the modules of src', async () => {
    const entries = await readdir(join(import.meta.dirname, '../../../src'), {
      withFileTypes: true,
    });
    const modules = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(logScopes).toEqual(expect.arrayContaining(modules));
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
