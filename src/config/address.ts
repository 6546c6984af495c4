/** Thrown when a text is not an address to listen on. */
export class AddressError extends Error {}

const grammar = /^(?:\[[0-9a-fA-F:.]+\]|[^[\]:]*):(\d{1,5})$/;

/**
 * Returns `host:port`, `:port` (every interface) or `[ipv6]:port` unchanged. Port 0 lets the system
 * choose. Throws AddressError for any other text.
 */
export function checkListenAddress(text: string): string {
  const port = Number(grammar.exec(text)?.[1] ?? NaN);
  if (port <= 65_535) return text;
  throw new AddressError('must be host:port or :port, such as 127.0.0.1:15012 or :15012');
}
