/**
 * The code of a system error or of undici's, such as ENOENT; empty where there is none. It asks
 * for the property, not for the class: errors of Node's own come from another realm under jest.
 */
export function codeOf(error: unknown): string {
  const holder = typeof error === 'object' && error !== null ? error : {};
  return 'code' in holder && typeof holder.code === 'string' ? holder.code : '';
}

/** What a thrown value says; its code where it says nothing, as a connection refused twice over does. */
export function messageOf(error: unknown): string {
  const holder = typeof error === 'object' && error !== null ? error : {};
  const message = 'message' in holder ? String(holder.message) : String(error);
  return message === '' ? codeOf(error) : message;
}
