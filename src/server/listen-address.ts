import type { AddressInfo, Server } from 'node:net';
import type { Logger } from '../base/logger.ts';

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

const explanations: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is already in use',
  EACCES: 'the process may not use that port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host name does not resolve',
};

/**
 * Starts `server` on `address` and resolves with `host:port` as bound. Rejects with one sentence that
 * says why not. Later failures to accept a connection go to the log.
 */
export async function listen(server: Server, address: string, log: Logger): Promise<string> {
  const { host, port } = parseListenAddress(address);
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const why = explanations[error.code ?? ''] ?? error.message;
      reject(new Error(`cannot listen on ${address}: ${why}`, { cause: error }));
    };
    server.once('error', onError);
    // Without a host Node listens on all IPv6 and IPv4 interfaces, or on IPv4 where there is no IPv6.
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  server.on('error', (error) => {
    log.warn('a connection could not be accepted', { address, error });
  });
  return formatAddress(server.address() as AddressInfo);
}

function formatAddress({ address, port, family }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
