import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../base/error-message.ts';
import { httpsGet } from '../base/https-get.ts';
import type { OidcIssuer } from '../authn/oidc-authenticator.ts';
import { FixedKeySet, maxKeySetLength, RemoteKeySet } from '../authn/oidc-key-set.ts';
import type { OidcKeySet } from '../authn/oidc-key-set.ts';
import { parsePolicyNode } from '../authz/policy-node.ts';
import { describeProblem, problemAt, SignerPolicyError } from '../authz/policy-problem.ts';
import type { PolicyProblem } from '../authz/policy-problem.ts';
import { fields, list, text, valueOf } from '../authz/policy-reader.ts';
import type { Located, Schema } from '../authz/policy-reader.ts';
import { WatchedFile } from '../base/watched-file.ts';
import {
  clusterAliases,
  clusterName,
  namespacesForm,
  readFileOf,
  readScope,
  signersForm,
} from './cluster-scope.ts';
import type { ScopeContext } from './cluster-scope.ts';
import type { StartContext } from '../base/start-stack.ts';

export interface OidcIssuersOptions {
  /** The file that OIDC_ISSUERS names. */
  readonly path: string;
  readonly signerDomain: string | undefined;
  readonly context: Pick<StartContext, 'clock' | 'log' | 'started'>;
}

const line = (description: string, expected: string): Schema<string> =>
  text({ description, pattern: '^[!-~](?:[ -~]*[!-~])?$', maxLength: 2048, expected });

const form = list(
  fields(
    {
      issuer: line('The `iss` of its tokens, byte for byte.', 'the iss of the tokens'),
      jwksUri: line('Where its keys are published.', 'an https URL'),
      jwksFile: line('A file with its keys, read again when it changes.', 'the path of a file'),
      caFile: line("Roots of the server at jwksUri, PEM; absent: the web's.", 'the path of a file'),
      audiences: list(line('An audience.', 'an audience'), {
        description: 'Audiences of which a token must carry one.',
        minItems: 1,
        maxItems: 64,
      }),
      cluster: clusterName,
      aliases: clusterAliases,
      allowedNamespaces: namespacesForm,
      allowedSigners: signersForm,
    },
    {
      description: 'An issuer of service account tokens.',
      required: ['issuer', 'audiences', 'cluster', 'allowedNamespaces'],
    },
  ),
  { description: 'Issuers that are believed without a TokenReview.', minItems: 1, maxItems: 256 },
);

type Entry = typeof form extends Schema<readonly Located<infer E>[]> ? E : never;
/** An entry whose required fields are all there. */
interface Draft {
  readonly place: Located<Entry>;
  readonly issuer: Omit<OidcIssuer, 'keys'>;
}

/**
 * Reads the issuers of tokens, with the files that they name. Throws an Error that names each entry
 * that is wrong, by line and place.
 */
export async function openOidcIssuers(options: OidcIssuersOptions): Promise<readonly OidcIssuer[]> {
  return readFileOf({ setting: 'OIDC_ISSUERS', path: options.path }, (text) =>
    Promise.all(
      parseOidcIssuers(text, options).map(async (draft) => ({
        ...draft.issuer,
        keys: await keysOf(draft, options),
      })),
    ),
  );
}

function parseOidcIssuers(
  yaml: string,
  { signerDomain }: Pick<OidcIssuersOptions, 'signerDomain'>,
): readonly Draft[] {
  const problems: PolicyProblem[] = [];
  const entries = form.read(parsePolicyNode(yaml, 'the file'), problems)?.value ?? [];
  const drafts = entries.flatMap((place): readonly Draft[] => {
    const { jwksUri, jwksFile } = place.value;
    if ((jwksUri === undefined) === (jwksFile === undefined)) {
      problems.push(problemAt(place, 'must have one of jwksUri and jwksFile'));
    }
    const issuer = issuerIn(place.value, { signerDomain, problems });
    return issuer === undefined ? [] : [{ place, issuer }];
  });
  const names = drafts.map(({ issuer }) => issuer.issuer);
  for (const [at, { place }] of drafts.entries()) {
    if (names.indexOf(names[at] ?? '') === at) continue;
    problems.push(problemAt(place, 'names an issuer that stands above already'));
  }
  if (problems.length > 0) throw new SignerPolicyError(problems);
  return drafts;
}

function issuerIn(
  { issuer, audiences, cluster, aliases, allowedNamespaces, allowedSigners }: Entry,
  context: ScopeContext,
): Draft['issuer'] | undefined {
  if (!issuer || !audiences || !cluster || !allowedNamespaces) return undefined;
  return {
    issuer: issuer.value,
    audiences: audiences.value.map(valueOf),
    cluster: { id: cluster.value, aliases: (aliases?.value ?? []).map(valueOf) },
    ...readScope(allowedNamespaces.value, allowedSigners?.value ?? 'all', context),
  };
}

async function keysOf({ place, issuer }: Draft, options: OidcIssuersOptions): Promise<OidcKeySet> {
  const { jwksUri, jwksFile, caFile } = place.value;
  const beside = (file: string): string => resolve(dirname(options.path), file);
  try {
    if (jwksFile !== undefined) return await keysInFile(beside(jwksFile.value), issuer, options);
    const { clock, log } = options.context;
    const caPem = caFile === undefined ? undefined : await readFile(beside(caFile.value), 'utf8');
    return new RemoteKeySet({
      url: jwksUri?.value ?? '',
      download: (url, signal) => httpsGet(url, { signal, caPem, maxBytes: maxKeySetLength }),
      clock,
      log,
    });
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(describeProblem(problemAt(place, problem)), { cause });
  }
}

async function keysInFile(
  path: string,
  { issuer }: Pick<OidcIssuer, 'issuer'>,
  { context: { clock, log, started } }: OidcIssuersOptions,
): Promise<OidcKeySet> {
  const what = `key set of the token issuer ${issuer}`;
  const parse = (json: string): FixedKeySet => new FixedKeySet(json);
  const file = await WatchedFile.open({ path, what, parse, clock, log });
  started.defer(() => file.stop());
  return { keyFor: (header) => file.current().keyFor(header) };
}
