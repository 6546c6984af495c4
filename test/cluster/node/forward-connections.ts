// Takes connections from the listening socket that it was given as descriptor 3 and passes each on to an
// address. It is a process of its own because the socket and the address lie in two network namespaces.
import { connect, createServer } from 'node:net';
import { kill } from 'node:process';

const [host = '', port = '', lifeline = ''] = process.argv.slice(2);

createServer((client) => {
  const target = connect({ host, port: Number(port) });
  client.pipe(target).pipe(client);
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
  client.on('close', () => target.destroy());
  target.on('close', () => client.destroy());
}).listen({ fd: 3 });

// Without the node there is nobody to connect to.
setInterval(() => {
  try {
    kill(Number(lifeline), 0);
  } catch {
    process.exit(0);
  }
}, 1000);
