import { join } from 'node:path';
import { MissingPrerequisite } from '../../e2e/stack/prerequisites.ts';
import { ensureCached, isCached } from '../../e2e/stack/tool-cache.ts';
import { helmRecipe } from '../../e2e/stack/tool-recipes.ts';

/** The pinned helm, or why there is none. */
export type FoundHelm = { readonly helm: string } | { readonly reason: string };

/**
 * Builds helm once and keeps it, as `make e2e` does with its tools. With CHART_TESTS=if-built it is only
 * looked for. Where Go is missing that is a reason, but on CI an error.
 */
export async function helmOrReason(log: (line: string) => void): Promise<FoundHelm> {
  const mustRun = process.env['CI'] === 'true';
  const maySkip = process.env['CHART_TESTS'] === 'if-built' && !mustRun;
  if (maySkip && !isCached(helmRecipe)) {
    return { reason: 'helm has not been built yet; "make chart-test" builds it, once' };
  }
  try {
    return { helm: join(await ensureCached(helmRecipe, log), helmRecipe.name) };
  } catch (error) {
    if (mustRun || !(error instanceof MissingPrerequisite)) throw error;
    return { reason: error.message };
  }
}
