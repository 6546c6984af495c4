import type { AddressInfo, Server } from 'node:net';
import { parseListenAddress } from '../base/listen-address.ts';
import type { Logger } from '../base/logger.ts';

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
