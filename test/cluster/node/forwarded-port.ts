import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Processes } from '../../e2e/stack/process.ts';
import { addresses } from './node-network.ts';
import type { NodeNamespaces } from './node-namespaces.ts';

const forwarder = join(import.meta.dirname, 'forward-connections.ts');

/**
 * Forwards a port of the machine's loopback to one of the node; returns the machine's port. A socket
 * belongs to the network namespace in which it was made: it is made here and handed to a process that
 * runs in the node's namespace and connects from there.
 */
export async function forwardPort(
  processes: Processes,
  namespaces: NodeNamespaces,
  nodePort: number,
): Promise<number> {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  const handle = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  processes.start({
    name: `forward-${nodePort}`,
    command: 'nsenter',
    args: [
      ...[`--target=${namespaces.pid}`, '--net', '--', process.execPath, '--no-warnings'],
      ...[forwarder, addresses.node, String(nodePort), String(namespaces.pid)],
    ],
    inherit: handle.fd,
  });
  server.close();
  return address.port;
}
