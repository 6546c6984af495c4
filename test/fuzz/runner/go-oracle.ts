import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { requireGo } from '../../e2e/stack/prerequisites.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { ensureCached } from '../../e2e/stack/tool-cache.ts';
import type { Recipe } from '../../e2e/stack/tool-cache.ts';

/** What oracle/reading.go prints for one document. Go writes null for an empty list. */
export interface GoReading {
  readonly ok: boolean;
  readonly error?: string;
  readonly spkiSha256: string;
  readonly subjectDer: string;
  readonly subjectRdns: number;
  readonly subjectValues: readonly string[] | null;
  readonly uris: readonly string[] | null;
  readonly dnsNames: readonly string[] | null;
  readonly emails: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly rawNames: readonly { readonly tag: number; readonly content: string }[] | null;
  readonly extensionOids: readonly string[] | null;
  readonly attributes: number;
  readonly signatureOk: boolean;
  readonly isCa: boolean;
  readonly keyUsage: number;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const recipe: Recipe = {
  name: 'fuzz-oracle',
  sourceDir: join(import.meta.dirname, '..', 'oracle'),
  manner: 'go build',
  expectation: 'about ten seconds, once',
  build: async (folder) => {
    const args = [
      'build',
      '-mod=readonly',
      '-trimpath',
      '-buildvcs=false',
      '-o',
      join(folder, 'oracle'),
      '.',
    ];
    const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' };
    await mustRun('go', args, { cwd: recipe.sourceDir, env });
  },
};

/** More questions than that wait for the answers to those before. */
const maxPending = 2_000;

interface Question {
  readonly resolve: (reading: GoReading) => void;
  readonly reject: (error: Error) => void;
}

/** Go's crypto/x509 in a process of its own, asked over a pipe. */
export class GoOracle {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending: Question[] = [];
  #latest: Promise<void> = Promise.resolve();

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#pending.shift()?.resolve(JSON.parse(line) as GoReading);
    });
    const end = (): void => this.#rejectAll();
    child.once('error', end);
    child.once('close', end);
    child.stdin.on('error', end);
    child.stderr.pipe(process.stderr);
  }

  /** Builds the helper where that was not done yet. Throws MissingPrerequisite where there is no Go. */
  static async start(log: (line: string) => void): Promise<GoOracle> {
    await requireGo();
    return new GoOracle(spawn(join(await ensureCached(recipe, log), 'oracle'), { stdio: 'pipe' }));
  }

  ask(kind: 'request' | 'certificate', der: Uint8Array): Promise<GoReading> {
    const header = Buffer.alloc(5);
    header.write(kind === 'request' ? 'r' : 'c');
    header.writeUInt32BE(der.length, 1);
    const answer = new Promise<GoReading>((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
    this.#latest = answer.then(
      () => undefined,
      () => undefined,
    );
    this.#child.stdin.write(Buffer.concat([header, der]));
    return answer;
  }

  /** Something to wait for where questions come faster than answers. */
  backlog(): Promise<void> | undefined {
    return this.#pending.length > maxPending ? this.#latest : undefined;
  }

  async stop(): Promise<void> {
    await this.#latest;
    this.#child.stdin.end();
  }

  #rejectAll(): void {
    for (const { reject } of this.#pending.splice(0)) reject(new Error('the Go helper has ended'));
  }
}
