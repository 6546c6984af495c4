import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../../../src/cli/command-line.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { freePort } from '../../support/free-port.ts';
import { eventually, RunningMesh } from '../../support/running-mesh.ts';
import type { MeshOptions } from '../../support/running-mesh.ts';

/** What becomes of the service while a mistake is there. */
export type Meanwhile =
  | 'it does not start'
  | 'all go on as before'
  | 'it is not ready, and serves once this is mended'
  | 'others are served as before'
  | 'who needs it is refused, and served once this is mended'
  | 'who names no signer gets the mesh’s default';

/** Who says it: `istio-ra serve` as it ends, the page of that name, the log, the error of the caller. */
export type Where = 'start' | '/ready' | 'log' | 'client';

/** What was seen of one mistake: every word that was said, and what became of the service. */
export interface Observed {
  readonly said: Readonly<Partial<Record<Where, string>>>;
  readonly meanwhile: Meanwhile;
}

/** Makes one mistake on a running system and looks. */
export type Experiment = () => Promise<Observed>;

/** What `istio-ra serve` prints where it refuses its settings; throws where it does not. */
export function refusedSettings(
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Experiment {
  return async () => {
    let said = '';
    const status = await runCommandLine({
      arguments: ['serve', ...flags],
      env,
      root: join(import.meta.dirname, '../../..'),
      out: { write: () => true },
      err: { write: (text) => (said += text) },
    });
    if (status === 0) throw new Error('it took its settings');
    return { said: { start: said }, meanwhile: 'it does not start' };
  };
}

/** What a start fails with; throws where it does not. */
export function refusedStart(options: MeshOptions): Experiment {
  return async () => {
    let mesh: RunningMesh;
    try {
      mesh = await RunningMesh.start(options);
    } catch (error) {
      return { said: { start: String(error) }, meanwhile: 'it does not start' };
    }
    await mesh[Symbol.asyncDispose]();
    throw new Error('it started');
  };
}

/** Starts well, makes the mistake, and waits until it is told in the log; certificates go on being issued. */
export function survived(
  options: MeshOptions,
  mistake: (mesh: RunningMesh) => Promise<void> | void,
  told: string,
): Experiment {
  return () =>
    withMesh(options, async (mesh) => {
      await mistake(mesh);
      await eventually(() => logOf(mesh).includes(told));
      await mesh.request();
      return { said: { log: logOf(mesh) }, meanwhile: 'all go on as before' };
    });
}

/** Starts with a mistake, reads /ready until that tells of it, mends it, and asks for a certificate. */
export function waitedFor(
  options: MeshOptions,
  parts: {
    readonly told: string;
    readonly mend: (sandbox: Sandbox) => void;
    readonly serves: (mesh: RunningMesh) => Promise<unknown>;
  },
): Experiment {
  return async () => {
    const httpAddr = `127.0.0.1:${await freePort()}`;
    const seen: { sandbox?: Sandbox; page: string } = { page: '' };
    const starting = RunningMesh.start({
      ...options,
      flags: { ...options.flags, httpAddr },
      readyWithinMs: 20_000,
      seed: (sandbox) => {
        seen.sandbox = sandbox;
        options.seed?.(sandbox);
      },
    });
    await untilTold(httpAddr, seen, parts.told, starting);
    if (seen.sandbox !== undefined) parts.mend(seen.sandbox);
    const mesh = await starting;
    try {
      await parts.serves(mesh);
      const said = { '/ready': seen.page, log: logOf(mesh) };
      return { said, meanwhile: 'it is not ready, and serves once this is mended' };
    } finally {
      await mesh[Symbol.asyncDispose]();
    }
  };
}

async function untilTold(
  httpAddr: string,
  seen: { page: string },
  told: string,
  starting: Promise<unknown>,
): Promise<void> {
  const look = async (): Promise<void> => {
    const answer = await fetch(`http://${httpAddr}/ready`).catch(() => undefined);
    if (answer?.status === 503) seen.page = await answer.text();
  };
  const looking = eventually(() => {
    void look();
    return seen.page.includes(told);
  });
  await Promise.race([looking, starting]);
  if (!seen.page.includes(told)) throw new Error(`it was ready; /ready had said: ${seen.page}`);
}

/** Does something with a running mesh and ends it. */
export async function withMesh<T>(
  options: MeshOptions,
  work: (mesh: RunningMesh) => Promise<T>,
): Promise<T> {
  const mesh = await RunningMesh.start(options);
  try {
    return await work(mesh);
  } finally {
    await mesh[Symbol.asyncDispose]();
  }
}

/** A folder that lasts as long as an experiment. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'istio-ra-misconfigured-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every word of the log, with what the fields tell. */
export function logOf({ log }: Pick<RunningMesh, 'log'>): string {
  return log.lines
    .filter(({ level }) => level !== 'debug')
    .map(({ message, fields }) => [message, ...Object.values(fields).map(wordsOf)].join(' '))
    .join('\n');
}

function wordsOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
