import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { findMemoryGroups } from './control-group.ts';
import type { MemoryGroup, ReadFile } from './control-group.ts';

/** How much memory the control groups that this process is in let it have. */
export interface MemoryLimit {
  /** Undefined where nothing below the memory of the machine is set. */
  readonly bytes: number | undefined;
  /** Whose files said so; `none` where neither version's can be read. */
  readonly source: 'cgroup v1' | 'cgroup v2' | 'none';
}

/** The limit as it is now. Never throws. */
export function currentMemoryLimit(): MemoryLimit {
  return readMemoryLimit(readTextFile, totalmem());
}

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The limit by these files. Node's own `process.constrainedMemory()` looks at the innermost group alone, so
 * that a limit on a group above is none to it, and takes a reservation (`memory.soft_limit_in_bytes`) for a
 * limit. Never throws: what cannot be read or understood limits nothing.
 */
export function readMemoryLimit(readFile: ReadFile, machineBytes: number): MemoryLimit {
  for (const group of findMemoryGroups(readFile)) {
    const found = group.version === 1 ? limitsOfV1(group, readFile) : limitsOfV2(group, readFile);
    if (found === undefined) continue;
    const bytes = Math.min(...found);
    // No limit is a huge number in version 1; and the machine ends us before a limit beyond its memory does.
    const isLimit = bytes < (machineBytes > 0 ? machineBytes : Number.MAX_SAFE_INTEGER);
    return { bytes: isLimit ? bytes : undefined, source: `cgroup v${group.version}` };
  }
  return { bytes: undefined, source: 'none' };
}

/**
 * Of our own group: its limit, and the least of those above it as the kernel has it, also of groups that are
 * out of sight. Undefined where nothing can be read.
 */
function limitsOfV1({ folders }: MemoryGroup, readFile: ReadFile): readonly number[] | undefined {
  for (const folder of folders) {
    const own = parseLimit(readFile(`${folder}/memory.limit_in_bytes`));
    const stat = readFile(`${folder}/memory.stat`) ?? '';
    const inherited = parseLimit(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1]);
    const limits = [own, inherited].filter((limit) => limit !== undefined);
    if (limits.length > 0) return limits;
  }
  return undefined;
}

/**
 * Of our own group and all above it that can be seen: beyond `memory.max` the kernel ends processes, beyond
 * `memory.high` it slows them down until they stand. Undefined where nothing can be read.
 */
function limitsOfV2({ folders }: MemoryGroup, readFile: ReadFile): readonly number[] | undefined {
  const limits = folders
    .flatMap((folder) => ['memory.max', 'memory.high'].map((name) => `${folder}/${name}`))
    .map((path) => parseLimit(readFile(path)))
    .filter((limit) => limit !== undefined);
  return limits.length > 0 ? limits : undefined;
}

/** Infinity for `max`; undefined for what is no limit. With 0 no process could run in the group. */
function parseLimit(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed === 'max') return Infinity;
  return /^\d{1,20}$/.test(trimmed) && Number(trimmed) > 0 ? Number(trimmed) : undefined;
}
