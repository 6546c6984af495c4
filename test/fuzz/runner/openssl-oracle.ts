import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireOpenssl } from '../../e2e/stack/prerequisites.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';

/** What `openssl req` prints for one request. */
export interface OpensslReading {
  readonly verified: boolean;
  readonly spkiDer: Buffer;
  /** `Subject:` with RFC 2253 names. */
  readonly subject: string;
  /** The lines about attributes that are not extensionRequest. */
  readonly attributes: string;
  /** The lines about requested extensions. */
  readonly extensions: readonly string[];
}

/** One shell for many requests: a process each is quick for openssl and slow for us. */
const script =
  'for file; do openssl req -in "$file" -noout -verify -pubkey -text -nameopt RFC2253 2>&1; ' +
  'echo "=== $?"; done';
const batchSize = 50;
/** openssl is slower than we are: beyond so many that wait for it, so do we. */
const maxUnanswered = 1_000;

/** The openssl command, asked for many requests at a time. */
export class OpensslOracle {
  readonly #folder = mkdtempSync(join(tmpdir(), 'istio-ra-fuzz-'));
  readonly #waiting: {
    readonly pem: string;
    readonly resolve: (reading: OpensslReading) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  #running: Promise<void> = Promise.resolve();
  #unanswered = 0;

  /** Throws MissingPrerequisite where there is no openssl. */
  static async start(): Promise<OpensslOracle> {
    await requireOpenssl();
    return new OpensslOracle();
  }

  ask(pem: string): Promise<OpensslReading> {
    this.#unanswered += 1;
    const answer = new Promise<OpensslReading>((resolve, reject) => {
      this.#waiting.push({ pem, resolve, reject });
    });
    if (this.#waiting.length >= batchSize) this.#next();
    return answer.finally(() => {
      this.#unanswered -= 1;
    });
  }

  /** To be awaited before more is asked; undefined while there is room. */
  backlog(): Promise<void> | undefined {
    return this.#unanswered > maxUnanswered ? this.#running : undefined;
  }

  /** Answers what is left. */
  async flush(): Promise<void> {
    this.#next();
    await this.#running;
  }

  async stop(): Promise<void> {
    await this.flush();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #next(): void {
    const batch = this.#waiting.splice(0);
    if (batch.length === 0) return;
    this.#running = this.#running.then(async () => {
      try {
        const readings = await this.#read(batch.map(({ pem }) => pem));
        batch.forEach(({ resolve, reject }, at) => {
          const reading = readings[at];
          if (reading === undefined) reject(new Error('openssl answered less than was asked'));
          else resolve(reading);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    });
  }

  async #read(pems: readonly string[]): Promise<readonly OpensslReading[]> {
    const files = pems.map((pem, at) => {
      const file = join(this.#folder, `${at}.pem`);
      writeFileSync(file, pem);
      return file;
    });
    const output = await mustRun('sh', ['-c', script, 'sh', ...files]);
    return [...output.matchAll(/([^]*?)^=== (\d+)\n/gm)].map(([, text = '', status = '']) =>
      readOutput(text, status),
    );
  }
}

function readOutput(text: string, status: string): OpensslReading {
  const [, key = ''] = /BEGIN PUBLIC KEY-----\n([^-]*)-----END/.exec(text) ?? [];
  const [, subject = '?'] = /^ *Subject:(.*)$/m.exec(text) ?? [];
  const [, attributes = '?', extensions = ''] =
    /^ *Attributes:([^]*?)^ *Requested Extensions:\n([^]*?)^ {4}Signature Algorithm:/m.exec(text) ??
    [];
  return {
    // OpenSSL 1.1.1 ends with 0 even where a signature is not good.
    verified: status === '0' && /verify OK$/m.test(text),
    spkiDer: Buffer.from(key, 'base64'),
    subject: subject.trim(),
    attributes: attributes.trim(),
    extensions: extensions
      .trimEnd()
      .split('\n')
      .map((line) => line.trim()),
  };
}
