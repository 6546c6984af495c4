import { describe, expect, it } from '@jest/globals';
import { configOf, problemsOf } from './problems-of.ts';

function levels(log_output_level: string, more: Record<string, string> = {}): unknown {
  const { logging } = configOf({ flags: { log_output_level, ...more } });
  return logging;
}

describe('--log_output_level', () => {
  it('has levels by scope and one for the others', () => {
    expect(levels('default:warn,kube:debug,signer:none')).toEqual({
      default: 'warn',
      scopes: { kube: 'debug', signer: 'none' },
      unknownScopes: [],
    });
  });

  it('leaves the others at --logLevel where it does not name them', () => {
    expect(levels('kube:debug', { logLevel: 'error' })).toMatchObject({ default: 'error' });
  });

  it('may be one level alone', () => {
    expect(levels('debug', { logLevel: 'error' })).toMatchObject({ default: 'debug', scopes: {} });
  });

  it('takes fatal as nothing, since no line is', () => {
    expect(levels('default:fatal')).toMatchObject({ default: 'none' });
  });

  it('sets all where all are named, as in Istio', () => {
    expect(levels('kube:debug,all:warn')).toMatchObject({ default: 'warn', scopes: {} });
  });

  it('tells of scopes that nobody has', () => {
    expect(levels('ads:debug,kube:info')).toEqual({
      default: 'info',
      scopes: { kube: 'info' },
      unknownScopes: ['ads'],
    });
  });

  it.each([
    ['kube:loud', 'must be one of debug, info, warn, error, none, fatal'],
    ['kube:', 'must be one of debug'],
    ['kube:debug:more', 'must be <scope>:<level>, several joined by commas'],
    [',', 'must name at least one'],
  ])('does not take %s', (text, problem) => {
    expect(problemsOf({ flags: { log_output_level: text } })).toEqual([
      expect.stringContaining(`--log_output_level: ${problem}`),
    ]);
  });
});
