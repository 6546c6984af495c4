import type { Show } from '../../e2e/runner/suite.ts';
import { namespacesIn } from '../node/cluster-node.ts';
import { ensureAgentlike } from '../tools/node-tools.ts';
import type { ClusterContext } from './cluster-context.ts';

/**
 * A command that becomes the client which asks for certificates as istio-agent does, in the network of the node
 * and outside of any pod: a machine that is not in the cluster, but reaches its Services.
 */
export async function agentInNode(
  context: ClusterContext,
  node: string,
  show: Show,
): Promise<string> {
  const program = await ensureAgentlike(show);
  const { command, args } = namespacesIn(node).entering(program, []);
  return context.command('agent-in-node', [command, ...args]);
}
