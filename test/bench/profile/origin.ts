import type { CallFrame } from './cpu-profile.ts';

/** V8's own entries that are no function of anybody. */
const entries = ['(garbage collector)', '(program)', '(idle)', '(root)'];

/**
 * Whose a function is: a module of ours (`src/kube/client-node`), a package, a part of Node, V8.
 * Undefined where nothing was run.
 */
export function originOf({ url, functionName }: CallFrame): string | undefined {
  if (functionName === '(idle)' || functionName === '(root)') return undefined;
  if (entries.includes(functionName)) return functionName;
  // What runs everything that was awaited.
  if (functionName === 'runMicrotasks') return 'node:internal/process';
  if (url === '') return 'native functions';
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1];
  if (library !== undefined) return library;
  return url.startsWith('src/kube/client-node/')
    ? 'src/kube/client-node'
    : url.split('/').slice(0, 2).join('/');
}

/** A function by its name and its place in the source. */
export function functionOf(frame: CallFrame): string | undefined {
  if (originOf(frame) === undefined) return undefined;
  const { functionName, url, lineNumber } = frame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name} ${url.replace(/^.*node_modules\//, '')}:${lineNumber + 1}`;
}
