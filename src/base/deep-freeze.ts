/**
 * The same value, of which no part can be changed any more; for plain data alone. A part that is
 * frozen already is taken to be so throughout.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
