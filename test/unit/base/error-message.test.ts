import { describe, expect, it } from '@jest/globals';
import { codeOf, messageOf } from '../../../src/base/error-message.ts';

describe('messageOf', () => {
  it('is what an error says', () => {
    expect(messageOf(new Error('no such file'))).toBe('no such file');
  });

  it('is the code of an error that says nothing, as a refused connection does', () => {
    expect(messageOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  });

  it('is the text of a thrown value that is not an error', () => {
    expect([messageOf('no'), messageOf(7), messageOf(undefined)]).toEqual(['no', '7', 'undefined']);
  });
});

describe('codeOf', () => {
  it('is empty where an error has no code, or one that is not a text', () => {
    expect([codeOf(new Error('no')), codeOf({ code: 7 }), codeOf(null)]).toEqual(['', '', '']);
  });
});
