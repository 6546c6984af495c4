/** How many requests a document says that a tenant with 20 of them a second loses at most. */
export interface DocumentedLosses {
  /** In any step that restarts no workload. */
  readonly step: number;
  /** In a restart of all workloads of a namespace. */
  readonly restart: number;
}

const lines = {
  step: /^a step that restarts no workload: (\d+)$/m,
  restart: /^a restart of the workloads of a namespace, at 20 requests a second: at most (\d+)$/m,
};

/** Reads what docs/install.md says that the move costs; throws where a line of it is missing. */
export function documentedLosses(text: string): DocumentedLosses {
  const read = (name: keyof typeof lines): number => {
    const found = lines[name].exec(text)?.[1];
    if (found === undefined) {
      throw new Error(
        `docs/install.md does not say what is lost by ${name}: no line fits ${String(lines[name])} in\n${text}`,
      );
    }
    return Number(found);
  };
  return { step: read('step'), restart: read('restart') };
}
