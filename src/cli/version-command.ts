import { Command } from 'commander';
import type { CommandRun } from './command-run.ts';
import { jsonDocument, outputOption } from './output-options.ts';
import type { OutputForm } from './output-options.ts';

/** `istio-ra version`: what `--version` prints, for programs too. */
export function versionCommand({ environment, version }: CommandRun): Command {
  return new Command('version')
    .description('print the version, and the Node that runs it')
    .addOption(outputOption())
    .action(({ output }: { readonly output: OutputForm }) => {
      const facts = { version, node: process.version };
      environment.out.write(
        output === 'json' ? jsonDocument(facts) : `istio-ra ${version}, Node ${facts.node}\n`,
      );
    });
}
