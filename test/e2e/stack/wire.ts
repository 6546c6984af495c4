import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP connection between a client and a server, through which a test can be unkind to both. */
export class Wire {
  /** How long each piece of what the client sends lies before it goes on, in milliseconds. */
  delayMs = 0;
  private readonly target: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private holding = false;

  private constructor(target: number) {
    this.target = target;
    this.server = createServer((client) => this.join(client));
  }

  /** Opens a port on loopback that leads to another one. */
  static async open(target: number): Promise<Wire> {
    const wire = new Wire(target);
    wire.server.listen(0, '127.0.0.1');
    await once(wire.server, 'listening');
    return wire;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resets every connection; returns how many there were. New ones are welcome. */
  cut(): number {
    const clients = this.sockets.size / 2;
    for (const socket of this.sockets) socket.resetAndDestroy();
    return clients;
  }

  /**
   * What is open now falls silent in both directions and is never reset, as when a machine dies.
   * New connections work. Returns how many were open.
   */
  silence(): number {
    const clients = this.sockets.size / 2;
    for (const socket of this.sockets) {
      socket.pause();
      socket.removeAllListeners('data');
      socket.removeAllListeners('end');
    }
    return clients;
  }

  /** Refuses every connection, old and new, until `restore`. */
  break(): void {
    this.holding = true;
    this.cut();
  }

  restore(): void {
    this.holding = false;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  private join(client: Socket): void {
    if (this.holding) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.target, '127.0.0.1');
    this.pass(client, upstream, () => this.delayMs);
    this.pass(upstream, client, () => 0);
  }

  private pass(from: Socket, to: Socket, delayMs: () => number): void {
    this.sockets.add(from);
    const later = (work: () => void): void => {
      const ms = delayMs();
      if (ms === 0) work();
      else setTimeout(work, ms);
    };
    from.on('data', (piece) =>
      later(() => {
        if (to.writable) to.write(piece);
      }),
    );
    from.on('end', () => later(() => to.end()));
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      this.sockets.delete(from);
      later(() => to.destroySoon());
    });
  }
}
