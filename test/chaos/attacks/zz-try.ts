import { Suite } from '../../e2e/runner/suite.ts';
import { ensureCached } from '../../e2e/stack/tool-cache.ts';
import { agentlikeRecipe } from '../../e2e/stack/tool-recipes.ts';
import { attackSteps } from '../attack-steps.ts';
const say = (l: string): void => void process.stdout.write(`${l}\n`);
const agentlike = `${await ensureCached(agentlikeRecipe, say)}/agentlike`;
const suite = new Suite({
  print: say,
  missing: new Map(),
  mustRunAll: true,
  longestStepMs: 90_000,
});
await suite.chapter('Attacks', attackSteps({ agentlike, durationMs: Number(process.argv[2]) }));
suite.summarize();
process.exitCode = suite.succeeded ? 0 : 1;
