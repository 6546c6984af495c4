import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where a replica serves; `undefined` while it is away. */
export interface Backend {
  readonly port: number | undefined;
  /** Whether new connections may go there: what an endpoint slice would say. */
  readonly isReady: boolean;
}

/**
 * Spreads TCP connections over the replicas that are ready, as a Service does: one that refuses is
 * passed over for the next.
 */
export class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #backends: () => readonly Backend[];
  #turn = 0;

  private constructor(backends: () => readonly Backend[]) {
    this.#backends = backends;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      this.#forward(socket, this.#candidates());
    });
  }

  static async open(backends: () => readonly Backend[]): Promise<Balancer> {
    const balancer = new Balancer(backends);
    await new Promise<void>((resolve) => {
      balancer.#server.listen(0, '127.0.0.1', resolve);
    });
    return balancer;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #candidates(): readonly number[] {
    const ready = this.#backends().flatMap(({ port, isReady }) =>
      port !== undefined && isReady ? [port] : [],
    );
    this.#turn += 1;
    const first = ready.length === 0 ? 0 : this.#turn % ready.length;
    return [...ready.slice(first), ...ready.slice(0, first)];
  }

  #forward(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    upstream.once('error', () => {
      if (upstream.connecting || upstream.bytesRead === 0) this.#forward(client, others);
      else client.destroy();
    });
    upstream.once('connect', () => {
      client.pipe(upstream);
      upstream.pipe(client);
      upstream.removeAllListeners('error');
      upstream.on('error', () => client.destroy());
      upstream.once('close', () => client.destroy());
      client.once('close', () => upstream.destroy());
    });
  }
}
