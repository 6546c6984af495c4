/** A text as one word of bash or zsh, whatever is in it. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The name of a shell function for a command, such as `_istio_ra_audit_verify`. */
export function functionName(program: string, path: readonly string[]): string {
  return ['', program, ...path].join('_').replace(/[^A-Za-z0-9_]/g, '_');
}
