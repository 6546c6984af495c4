import { keyAlgorithms } from '../pki/key-algorithm.ts';
import { fields, flag, list, oneOf, text, textMapping } from './policy-reader.ts';
import type { JsonSchema, Schema } from './policy-reader.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const subdomain = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*';
const labels = `${label}(?:\\.${label})*`;

const ruleName = text({
  description: 'How the audit log, metrics and messages call the rule. Each has its own.',
  pattern: `^${label}$`,
  maxLength: 63,
  expected: 'lower-case letters, digits and dashes, 63 at most',
});

const namespace = text({
  description: 'A namespace.',
  pattern: `^${label}$`,
  maxLength: 63,
  expected: 'the name of a namespace',
});

const serviceAccount = text({
  description: 'A service account, <name> in any namespace or <namespace>/<name>.',
  pattern: `^(?:${label}/)?${subdomain}$`,
  maxLength: 317,
  expected: 'a service account, <name> or <namespace>/<name>',
});

const cluster = text({
  description: 'The id of the cluster whose API server vouches for the caller.',
  pattern: '^[!-~]+$',
  maxLength: 253,
  expected: 'a cluster id: visible ASCII, 253 characters at most',
});

const signer = text({
  description:
    'A signer: a short name under CERT_SIGNER_DOMAIN, or with a slash the full <domain>/<path>.',
  pattern: `^(?:${label}(?:\\.${label})+/)?${labels}$`,
  maxLength: 571,
  expected: 'a signer: DNS labels joined by dots, or <domain>/<path>',
});

const duration = (description: string): Schema<string> =>
  text({
    description: `${description} A duration such as 24h, 90m or 1h30m, 10m at least.`,
    pattern: '^(?:[0-9]+(?:\\.[0-9]+)?(?:ms|s|m|h))+$',
    maxLength: 64,
    expected: 'a duration such as 24h, 90m or 1h30m',
  });

const namespaceLabels = textMapping(
  {
    key: {
      description: 'The key of a label.',
      pattern: `^(?:${subdomain}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`,
      maxLength: 317,
      expected: "a label's key",
    },
    value: {
      description: 'The value of a label.',
      pattern: '^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$',
      maxLength: 63,
      expected: "a label's value",
    },
  },
  { description: "Labels that the caller's namespace must carry, all of them.", maxItems: 32 },
);

const alternatives = (
  what: string,
): { description: string; minItems: number; maxItems: number } => ({
  description: `${what}: one of them must be the caller's.`,
  minItems: 1,
  maxItems: 1000,
});

const match = fields(
  {
    namespaces: list(namespace, alternatives('Namespaces')),
    namespaceLabels,
    serviceAccounts: list(serviceAccount, alternatives('Service accounts')),
    clusters: list(cluster, alternatives('Clusters')),
  },
  { description: 'Whom the rule is for: all given parts must hold; {} is everybody.' },
);

const rule = fields(
  {
    name: ruleName,
    match,
    signers: list(signer, {
      description: 'The signers that these callers may have.',
      minItems: 1,
      maxItems: 64,
    }),
    default: signer,
    exclusive: flag(
      'Binds the signers: who matches no exclusive rule that lists a signer never obtains it.',
    ),
    maxTtl: duration('Who asks for a longer validity gets this one.'),
    defaultTtl: duration('The validity for callers that ask for none.'),
    keyTypes: list(oneOf(keyAlgorithms, 'A kind of key.'), {
      description: 'The kinds of key that these callers may bring; absent: all.',
      minItems: 1,
      maxItems: keyAlgorithms.length,
    }),
  },
  {
    description: 'Who may have which signers. The first rule that matches wins.',
    required: ['name', 'match', 'signers'],
  },
);

export const signerModes = ['assigned', 'any'] as const;

/** The names under which the policy can switch sources off, strongest source first. */
export const sourceNames = [
  'rules',
  'proxyConfigWorkload',
  'proxyConfigNamespace',
  'proxyConfigRootNamespace',
  'k8sSigner',
  'meshDefault',
] as const;

const sources = fields(
  {
    rules: flag('The rules of this file. What exclusive rules bind stays bound.'),
    proxyConfigWorkload: flag("ProxyConfigs that select the caller's pod by its labels."),
    proxyConfigNamespace: flag("ProxyConfigs of the caller's namespace without a selector."),
    proxyConfigRootNamespace: flag('ProxyConfigs of the root namespace without a selector.'),
    k8sSigner: flag('The setting K8S_SIGNER.'),
    meshDefault: flag('ISTIO_META_CERT_SIGNER in defaultConfig.proxyMetadata of the mesh config.'),
  } satisfies Record<(typeof sourceNames)[number], Schema<boolean>>,
  { description: 'Where signers are assigned from, strongest first; each is true unless false.' },
);

/** The form of a policy file. What it must mean beyond that is for policy-file.ts to check. */
export const policyReader = fields(
  {
    mode: oneOf(
      signerModes,
      'assigned: callers get their assigned signers. any: whatever they ask for, as with istiod.',
    ),
    sources,
    rules: list(rule, { description: 'The first that matches wins.', minItems: 0, maxItems: 1000 }),
    trusts: list(list(signer, { description: 'Two signers.', minItems: 2, maxItems: 2 }), {
      description: 'Pairs of signers whose workloads trust each other.',
      minItems: 0,
      maxItems: 1000,
    }),
  },
  { description: 'Which callers may have certificates of which signers.' },
);

/** The JSON schema of a policy file, for editors; docs/signer-policy.schema.json holds the same. */
export const signerPolicySchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'istio-ra signer policy',
  ...policyReader.schema,
};
