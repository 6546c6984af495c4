import { randomBytes } from 'node:crypto';
import { connect } from 'node:http2';
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { algorithm, sha256WithRsa, writeCsrPem } from '../../support/csr-writer.ts';
import * as der from '../../support/der-writer.ts';
import { rsaSpki } from '../../support/rsa-modulus.ts';
import { grpcFrame, rawCall, requestMessage } from '../../unit/server/support/raw-http2.ts';
import { rest } from './attack.ts';
import type { Attack } from './attack.ts';
import type { Target } from './raw-connection.ts';

interface CallAttackOptions {
  readonly connections: number;
  /** At once on one connection. */
  readonly streams: number;
  readonly callsPerSecond: number;
  readonly call: (target: Target) => {
    readonly body: Uint8Array;
    readonly headers: OutgoingHttpHeaders;
  };
}

/** Makes whole calls at a rate, as far as the server takes them, and counts the answers. */
function callAttack(options: CallAttackOptions): Attack['run'] {
  return async (target, signal) => {
    const answers = new Map<string, number>();
    const start = performance.now();
    const everyMs = (1000 * options.connections * options.streams) / options.callsPerSecond;
    const one = async (line: Line, turn: number): Promise<void> => {
      for (let at = 0; !signal.aborted; at += 1) {
        const dueMs = start + (at + turn / (options.connections * options.streams)) * everyMs;
        await rest(Math.max(0, dueMs - performance.now()), signal);
        const { body, headers } = options.call(target);
        const answer = await Promise.race([
          rawCall(line.session(target), body, headers),
          aborted(signal),
        ]);
        if (answer === undefined) return;
        const name = String(answer.grpcStatus ?? `HTTP ${answer.httpStatus}`);
        answers.set(name, (answers.get(name) ?? 0) + 1);
      }
    };
    const lines = Array.from({ length: options.connections }, () => new Line());
    const workers = lines.flatMap((line, of) =>
      Array.from({ length: options.streams }, (_, at) => one(line, of * options.streams + at)),
    );
    await Promise.all(workers);
    for (const line of lines) line.close();
    const seconds = (performance.now() - start) / 1000;
    const count = [...answers.values()].reduce((sum, number) => sum + number, 0);
    return `${(count / seconds).toFixed(0)} calls/s answered, by status: ${JSON.stringify(Object.fromEntries(answers))}`;
  };
}

/** One connection that comes again where the server has ended it. */
class Line {
  #session: ClientHttp2Session | undefined;

  session({ port, rootPem, serverName }: Target): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      const options = { ca: rootPem, servername: serverName };
      this.#session = connect(`https://127.0.0.1:${port}`, options);
      this.#session.on('error', () => undefined);
      this.#session.setMaxListeners(0);
    }
    return this.#session;
  }

  close(): void {
    this.#session?.destroy();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

const part = (): string => randomBytes(60).toString('base64url');
const bomb = gzipSync(Buffer.alloc(64 << 20));
const small = grpcFrame(requestMessage('x'));
const zipped = { 'grpc-encoding': 'gzip' };
const bearer = ({ token }: Target): OutgoingHttpHeaders => ({ authorization: `Bearer ${token}` });

/** A request whose key is refused for its size: nothing may be computed with it. */
const hugeKey = writeCsrPem({
  spki: rsaSpki((1n << 16_383n) + 12_345n),
  signatureAlgorithm: algorithm(sha256WithRsa, der.nullValue()),
  signature: () => Buffer.alloc(2_048, 1),
});

/** Calls that are whole, and bad. */
export const callAttacks: readonly Attack[] = [
  {
    name: 'gzip bombs of 64 MiB',
    run: callAttack({
      ...{ connections: 2, streams: 4, callsPerSecond: 200 },
      call: (target) => ({
        body: grpcFrame(bomb, { compressed: true }),
        headers: { ...bearer(target), ...zipped },
      }),
    }),
  },
  {
    name: 'corrupt gzip',
    run: callAttack({
      ...{ connections: 2, streams: 8, callsPerSecond: 500 },
      call: (target) => ({
        body: grpcFrame(randomBytes(1_000), { compressed: true }),
        headers: { ...bearer(target), ...zipped },
      }),
    }),
  },
  {
    name: 'other content types, and methods that do not exist',
    run: callAttack({
      ...{ connections: 2, streams: 8, callsPerSecond: 500 },
      call: () => ({
        body: small,
        headers: [{ 'content-type': 'text/html' }, { ':path': '/a/b' }, { ':method': 'GET' }][
          Math.floor(Math.random() * 3)
        ] as OutgoingHttpHeaders,
      }),
    }),
  },
  {
    name: '5,000 bad tokens a second',
    run: callAttack({
      // A refusal takes about a second on purpose, so that many at once are needed for the rate.
      ...{ connections: 20, streams: 250, callsPerSecond: 5_000 },
      call: () => ({
        body: small,
        headers: { authorization: `Bearer ${part()}.${part()}.${part()}` },
      }),
    }),
  },
  {
    name: 'a CSR with RSA of 16,384 bits each millisecond',
    run: callAttack({
      ...{ connections: 8, streams: 16, callsPerSecond: 1_000 },
      call: (target) => ({ body: grpcFrame(requestMessage(hugeKey)), headers: bearer(target) }),
    }),
  },
];
