import { DerError } from './errors.ts';
import { tags } from './der-tags.ts';
import { asBuffer } from './der-values.ts';
import type { DerElement } from './der.ts';

/**
 * A Time of RFC 5280 section 4.1.2.5 in milliseconds since the epoch: whole seconds, always Z.
 * A GeneralizedTime is read for any year, as some authorities write it before 2050. Throws DerError.
 */
export function timeValue(element: DerElement | undefined): number {
  const digits = fourteenDigits(element);
  const at = Date.parse(digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z'));
  // A day that the month does not have is either not a number or comes out as another day.
  if (Number.isNaN(at) || new Date(at).toISOString().replace(/\D/g, '') !== `${digits}000`) {
    throw badTime();
  }
  return at;
}

/** YYYYMMDDhhmmss. A UTCTime below 50 is of this century. */
function fourteenDigits(element: DerElement | undefined): string {
  if (element === undefined) throw badTime();
  const text = asBuffer(element.content).toString('latin1');
  if (element.tag === tags.generalizedTime && /^\d{14}Z$/.test(text)) return text.slice(0, -1);
  if (element.tag !== tags.utcTime || !/^\d{12}Z$/.test(text)) throw badTime();
  return `${text < '50' ? '20' : '19'}${text.slice(0, -1)}`;
}

function badTime(): DerError {
  return new DerError('der_value', 'a time is not one that RFC 5280 allows');
}
