import { rmSync } from 'node:fs';
import { removeNode } from '../node/remove-node.ts';
import { clusterFolder, clusterPidFile } from './cluster-folder.ts';

/** `make cluster-down`: ends the node and shows that nothing of it is left. Returns the exit status. */
async function main(): Promise<number> {
  const { ended, left } = await removeNode(clusterFolder, clusterPidFile);
  say(ended ? 'the cluster is ended' : 'no cluster was running');
  if (left.length > 0) {
    say(`this is left of it:\n${left.join('\n')}`);
    return 1;
  }
  rmSync(clusterFolder, { recursive: true, force: true });
  say('no process, mount, namespace or cgroup of it is left');
  return 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
