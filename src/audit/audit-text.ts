import { hash } from 'node:crypto';

/** No text from outside takes more characters than this in a line (reliability.md T20). */
const maxTextLength = 256;
const keptOfLongText = 239;

/**
 * The text, or what identifies it: of a longer one the beginning and 64 bits of its hash, so that two
 * long texts which begin alike stay apart. At most 256 characters.
 */
export function boundedText(text: string): string {
  if (text.length <= maxTextLength) return text;
  return `${text.slice(0, keptOfLongText)}~${sha256(text).slice(0, 16)}`;
}

/**
 * The value as JSON in printable ASCII alone, on one line. Everything else is escaped, which loses
 * nothing, cannot move a terminal's cursor, and makes characters and bytes the same thing.
 */
export function asciiJson(value: object): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Lower-case hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}
