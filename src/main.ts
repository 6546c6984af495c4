import { fileURLToPath } from 'node:url';
import { keepAlive } from './base/keep-alive.ts';
import { runCommandLine } from './cli/command-line.ts';

// Source and bundle both lie one folder below the root, beside proto/.
const root = fileURLToPath(new URL('..', import.meta.url));
const { stdout: out, stderr: err, env } = process;
process.exitCode = await keepAlive(
  runCommandLine({ arguments: process.argv.slice(2), env, root, out, err }),
);
