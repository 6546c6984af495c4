/** A function as V8 names it, with its lines and columns counted from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

/** What V8's sampling profiler writes; one sample is the node that was being run. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds from the sample before to this one. */
  readonly timeDeltas: readonly number[];
}

/** Milliseconds in something itself, and in it with all that it called. */
export interface Times {
  readonly selfMs: number;
  readonly totalMs: number;
}

/**
 * The times by whatever `keyOf` makes of a frame. What calls itself counts once in its total; frames
 * without a key count nowhere.
 */
export function timesBy(
  profile: CpuProfile,
  keyOf: (frame: CallFrame) => string | undefined,
): ReadonlyMap<string, Times> {
  const selfById = selfTimes(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const times = new Map<string, { selfMs: number; totalMs: number }>();
  /** Returns the time of the whole branch; `open` are the keys of those that called it. */
  const walk = (node: ProfileNode, open: ReadonlySet<string>): number => {
    const key = keyOf(node.callFrame);
    const within = key === undefined || open.has(key) ? open : new Set([...open, key]);
    const selfMs = selfById.get(node.id) ?? 0;
    let branchMs = selfMs;
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child !== undefined) branchMs += walk(child, within);
    }
    if (key === undefined) return branchMs;
    const entry = times.get(key) ?? { selfMs: 0, totalMs: 0 };
    entry.selfMs += selfMs;
    if (!open.has(key)) entry.totalMs += branchMs;
    times.set(key, entry);
    return branchMs;
  };
  const [root] = profile.nodes;
  if (root !== undefined) walk(root, new Set());
  return times;
}

function selfTimes({ samples, timeDeltas }: CpuProfile): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const [at, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    const microseconds = timeDeltas[at + 1] ?? 0;
    times.set(id, (times.get(id) ?? 0) + microseconds / 1_000);
  }
  return times;
}
