import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';

export interface TrustedServerOptions {
  /** host:port. */
  readonly address: string;
  readonly serverName: string;
  /** All that the client trusts. */
  readonly rootFile: string;
}

/** Whether a client that trusts these roots alone would go on with the handshake. */
export async function isTrustedServer(options: TrustedServerOptions): Promise<boolean> {
  const { address, serverName: servername, rootFile } = options;
  const [host = '', port = ''] = address.split(':');
  const ca = readFileSync(rootFile, 'utf8');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), servername, ca, ALPNProtocols: ['h2'] });
    const end = (trusted: boolean): void => {
      socket.destroy();
      resolve(trusted);
    };
    socket.setTimeout(5_000, () => end(false));
    socket.once('secureConnect', () => end(socket.authorized));
    socket.once('error', () => end(false));
  });
}
