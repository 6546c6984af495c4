import { MissingPrerequisite } from '../stack/prerequisites.ts';
import { ensureTools, type Tools } from '../stack/tools.ts';

/** What the stack runs, as far as this machine has it. */
export interface FoundTools {
  /** Undefined where a tool is missing that nothing works without. */
  readonly tools: Tools | undefined;
  /** What is missing, each with what to install. */
  readonly missing: ReadonlyMap<string, string>;
}

/** The name under which everything but Envoy is missed. */
export const theStack = 'the stack';

/** Builds or finds every tool, with progress. Throws where a build fails that could begin. */
export async function findTools(log: (line: string) => void): Promise<FoundTools> {
  const missing = new Map<string, string>();
  try {
    const withoutEnvoy = (reason: string): void =>
      void missing.set('envoy', `envoy cannot be had: ${reason}`);
    return { tools: await ensureTools({ log, withoutEnvoy }), missing };
  } catch (error) {
    if (!(error instanceof MissingPrerequisite)) throw error;
    missing.set(theStack, error.message);
    return { tools: undefined, missing };
  }
}
