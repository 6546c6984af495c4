/** Where to listen: one host's addresses, or with an undefined host every interface. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

const grammar = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/;

/**
 * Reads `host:port`, `[IPv6]:port` or `:port`, as Go's net.Listen has them; port 0 lets the system
 * choose. Throws an Error that names the text.
 */
export function parseListenAddress(text: string): ListenAddress {
  const { v6, host, port } = grammar.exec(text)?.groups ?? {};
  const number = Number(port);
  if (port === undefined || number > 65_535) {
    throw new Error(`${JSON.stringify(text)} is not an address like 127.0.0.1:15012 or :15012`);
  }
  const named = v6 ?? host ?? '';
  return { host: named === '' ? undefined : named, port: number };
}
