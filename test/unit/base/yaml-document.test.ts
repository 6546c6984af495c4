import { describe, expect, it } from '@jest/globals';
import { readYaml, YamlDocument, YamlError } from '../../../src/base/yaml-document.ts';

const maxAliases = 16;
const long = 1 << 18;

describe('YAML from outside', () => {
  it('is read as the value that it says', () => {
    const text = 'a: [1, "1", true, null]\nb: {c: &x d, e: *x}\n';
    expect(readYaml(text, { maxAliases })).toEqual({
      a: [1, '1', true, null],
      b: { c: 'd', e: 'd' },
    });
    expect(readYaml('{"a": {"b": []}}', { maxAliases })).toEqual({ a: { b: [] } });
    expect(readYaml('', { maxAliases })).toBeNull();
  });

  it('leaves scalars as texts where it is asked to', () => {
    expect(readYaml('a: 010\nb: true', { schema: 'failsafe', maxAliases })).toEqual({
      a: '010',
      b: 'true',
    });
  });

  it('is version 1.2, whatever a directive says', () => {
    expect(readYaml('%YAML 1.1\n---\na: yes\nb: 010\n', { maxAliases })).toEqual({
      a: 'yes',
      b: 10,
    });
  });

  it.each([
    ['a: [', 'is not YAML: ', 1],
    ['a: 1\nb:\n  c: 1\n  c: 2\n', 'is not YAML: Map keys must be unique', 4],
    ['a: 1\n1: x\n"1": y\n', 'is not YAML: Map keys must be unique', 3],
    ['a: b\n---\nc: d\n', 'is not YAML: Source contains multiple documents', 2],
    ['a: 1\n? [x]\n: y\n', 'a field must have a text for its name', 2],
    ['a: &a [x]\n*a : y\n', 'a field must have a text for its name', 2],
    ['a: *nowhere', 'an alias leads nowhere or too far', undefined],
  ])('refuses %j and says where', (text, problem, line) => {
    const error = refusal(text);
    expect(error.message).toContain(problem);
    expect(error.message.includes(`(line ${line})`)).toBe(line !== undefined);
    expect(error.line).toBe(line);
  });

  it('refuses what is nested deeper than it can be read', () => {
    const error = refusal('['.repeat(100_000));
    expect(error.message).toContain('nested too deep');
    expect(error.line).toBe(1);
  });

  it('tells all errors in the order of the text', () => {
    const document = YamlDocument.parse('a: 1\na: 2\nb: "\\q"\nb: 3\n');
    expect(document.errors().map(({ line }) => line)).toEqual([2, 3, 4]);
  });

  it('takes no word of the text for a stack that ran out', () => {
    const messages = YamlDocument.parse('a: 1\n] stack\n')
      .errors()
      .map(({ message }) => message);
    expect(messages.join('\n')).toContain('Unexpected scalar token in YAML stream: "stack"');
  });

  it('tells of tags that nobody knows, without writing to standard error', () => {
    expect(YamlDocument.parse('a: !x b').warnings()).toEqual([
      { message: 'Unresolved tag: !x', line: 1 },
    ]);
  });

  it('refuses an alias where there may be none', () => {
    expect(() => readYaml('a: &x 1\nb: *x', { maxAliases: 0 })).toThrow(YamlError);
  });
});

/** Each takes the library by itself from 15 s to minutes, and one event loop serves everybody. */
describe('A text that a ConfigMap can hold', () => {
  it.each([
    ['keys within keys', '? '.repeat(400)],
    ['lists as keys', `${'['.repeat(300)}${']:'.repeat(300)}`],
    ['mappings as keys', `${'{'.repeat(400)}${'}'.repeat(400)}`],
    ['errors on one long line', '*a '.repeat(long / 3)],
    ['quotes on one long line', '"'.repeat(long)],
  ])('with %s is refused in seconds', (_, text) => {
    expect(refusal(text).message).toContain('is not YAML');
  });

  it('with very many fields is read in seconds', () => {
    const names = Array.from({ length: 20_000 }, (_, at) => `field${at}`);
    const text = names.map((name) => `${name}: 1\n`).join('');
    expect(Object.keys(readYaml(text, { maxAliases }) as object)).toEqual(names);
  });
});

function refusal(text: string): YamlError {
  try {
    readYaml(text, { maxAliases });
  } catch (error) {
    if (error instanceof YamlError) return error;
    throw error;
  }
  throw new Error(`was read: ${text.slice(0, 100)}`);
}
