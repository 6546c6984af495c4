import { readFile } from 'node:fs/promises';
import type { TrustScope } from '../authn/trust-scope.ts';
import { messageOf } from '../base/error-message.ts';
import { problemAt } from '../authz/policy-problem.ts';
import type { PolicyProblem } from '../authz/policy-problem.ts';
import { list, text, valueOf } from '../authz/policy-reader.ts';
import type { Located, Schema } from '../authz/policy-reader.ts';
import { readSignerText } from '../authz/signer-text.ts';
import type { SignerName } from '../mesh/signer-name.ts';

/** Where what is wrong with a file is gathered, and what short signer names stand under. */
export interface ScopeContext {
  readonly signerDomain: string | undefined;
  readonly problems: PolicyProblem[];
}

export type AllOr<T> = 'all' | readonly Located<T>[];

const maxNames = 1000;

const namespace = text({
  description: 'A namespace.',
  pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$',
  maxLength: 63,
  expected: 'the name of a namespace',
});

const signer = text({
  description: 'A signer: a short name under CERT_SIGNER_DOMAIN, or <domain>/<path>.',
  pattern: '^[a-z0-9./-]+$',
  maxLength: 571,
  expected: 'a signer: a short name, or <domain>/<path>',
});

/** What clients send as `clusterid`. */
export const clusterName = text({
  description: 'The id of a cluster, or another name of it.',
  // Node joins a repeated header with commas, so that none may be part of a name.
  pattern: '^[!-+.-~-]+$',
  maxLength: 253,
  expected: 'the name of a cluster: visible ASCII without commas, 253 characters at most',
});

export const clusterAliases = list(clusterName, {
  description: 'Other names of the cluster.',
  minItems: 0,
  maxItems: 64,
});

export const namespacesForm = allOr(namespace, 'The namespaces whose callers it may vouch for.');
export const signersForm = allOr(signer, 'The signers that its callers may reach.');

/** The word `all`, or a list: whoever is believed without bounds shall be so in writing. */
function allOr<T>(item: Schema<T>, description: string): Schema<AllOr<T>> {
  const some = list(item, { description, minItems: 1, maxItems: maxNames });
  return {
    schema: { description, anyOf: [{ const: 'all' }, some.schema] },
    read: (node, problems) => {
      if (node.kind !== 'scalar') return some.read(node, problems);
      if (node.value === 'all') return { path: node.path, line: node.line, value: 'all' };
      problems.push(problemAt(node, 'must be a list, or all'));
      return undefined;
    },
  };
}

/** Reads the file that a setting names. Throws an Error that names the setting and all that is wrong. */
export async function readFileOf<T>(
  { setting, path }: { readonly setting: string; readonly path: string },
  read: (text: string) => T | Promise<T>,
): Promise<T> {
  try {
    return await read(await readFile(path, 'utf8'));
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`cannot use the file that ${setting} names:\n${problem}`, { cause });
  }
}

/** A scope as the file has it. What is wrong with a signer's name is noted among the problems. */
export function readScope(
  namespaces: AllOr<string>,
  signers: AllOr<string>,
  context: ScopeContext,
): TrustScope {
  return {
    allowedNamespaces: namespaces === 'all' ? 'all' : new Set(namespaces.map(valueOf)),
    allowedSigners:
      signers === 'all' ? 'all' : new Set(signers.flatMap((name) => signerOf(name, context))),
  };
}

function signerOf(
  name: Located<string>,
  { signerDomain, problems }: ScopeContext,
): readonly SignerName[] {
  const read = readSignerText(name.value, signerDomain);
  if (read.kind === 'signer') return [read.name];
  problems.push(problemAt(name, `cannot be used: ${read.because}`));
  return [];
}

/** Notes each name that stands twice, or that is among those taken elsewhere. */
export function checkNames(
  names: readonly Located<string>[],
  taken: readonly string[],
  problems: PolicyProblem[],
): void {
  const seen = new Set(taken);
  for (const name of names) {
    if (seen.has(name.value)) problems.push(problemAt(name, 'names another cluster already'));
    seen.add(name.value);
  }
}
