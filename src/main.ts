import { fileURLToPath } from 'node:url';
import { runCommandLine } from './cli/command-line.ts';

// Source and bundle both lie one folder below the root, beside proto/.
process.exitCode = await runCommandLine({
  arguments: process.argv.slice(2),
  env: process.env,
  root: fileURLToPath(new URL('..', import.meta.url)),
  out: process.stdout,
  err: process.stderr,
});
