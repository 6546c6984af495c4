/** Thrown when a mesh config cannot be used; the message names the path, or the line where it is no YAML. */
export class MeshConfigError extends Error {
  readonly path: string;

  constructor(path: string, problem: string, options: { cause?: unknown } = {}) {
    super(path === '' ? problem : `${path}: ${problem}`, options);
    this.name = 'MeshConfigError';
    this.path = path;
  }
}
