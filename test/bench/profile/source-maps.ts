import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallFrame, CpuProfile } from './cpu-profile.ts';

interface Folders {
  /** Where the bundle with its maps was built. */
  readonly built: string;
  /** The sources' names are told from here. */
  readonly repository: string;
}

/** The same profile, each function under the name and line of its source. */
export function resolveSources(profile: CpuProfile, folders: Folders): CpuProfile {
  const maps = new Map<string, SourceMap | undefined>();
  const nodes = profile.nodes.map((node) => ({
    ...node,
    callFrame: sourceOf(node.callFrame, folders, maps),
  }));
  return { ...profile, nodes };
}

function sourceOf(
  frame: CallFrame,
  { built, repository }: Folders,
  maps: Map<string, SourceMap | undefined>,
): CallFrame {
  // Where it runs is a copy of where it was built.
  const path = /\/dist\/(.+\.js)$/.exec(frame.url)?.[1];
  if (!frame.url.startsWith('file:') || path === undefined) return frame;
  const file = join(built, `${path}.map`);
  if (!maps.has(file)) maps.set(file, readMap(file));
  const entry = maps.get(file)?.findEntry(frame.lineNumber, frame.columnNumber);
  if (entry === undefined || !('originalSource' in entry)) return frame;
  const source = entry.originalSource.startsWith('file:')
    ? fileURLToPath(entry.originalSource)
    : join(dirname(file), entry.originalSource);
  return {
    functionName: frame.functionName,
    url: relative(repository, source),
    lineNumber: entry.originalLine,
    columnNumber: entry.originalColumn,
  };
}

function readMap(file: string): SourceMap | undefined {
  if (!existsSync(file)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload);
}
