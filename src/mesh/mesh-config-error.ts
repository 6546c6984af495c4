/** Thrown when a mesh config cannot be used; the message names the path, and the line where known. */
export class MeshConfigError extends Error {
  readonly path: string;

  constructor(path: string, problem: string, options: { line?: number; cause?: unknown } = {}) {
    const line = options.line === undefined ? '' : ` (line ${options.line})`;
    super(path === '' ? `${problem}${line}` : `${path}${line}: ${problem}`, {
      cause: options.cause,
    });
    this.name = 'MeshConfigError';
    this.path = path;
  }
}
