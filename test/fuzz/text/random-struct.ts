import type { Random } from '../runner/random.ts';

const keys = [
  ...[
    'fields',
    'CertSigner',
    'ImpersonatedIdentity',
    'stringValue',
    'kind',
    'listValue',
    'structValue',
  ],
  ...[
    'metadata',
    'spec',
    'namespace',
    'name',
    'uid',
    'creationTimestamp',
    'selector',
    'matchLabels',
  ],
  ...[
    'environmentVariables',
    'ISTIO_META_CERT_SIGNER',
    '__proto__',
    'constructor',
    'toString',
    'length',
    '',
  ],
] as const;

/** Each way down that a reader takes. */
const paths: readonly (readonly string[])[] = [
  ['fields', 'CertSigner', 'stringValue'],
  ['fields', 'ImpersonatedIdentity', 'stringValue'],
  ['fields', 'CertSigner', 'listValue'],
  ['metadata', 'namespace'],
  ['metadata', 'name'],
  ['metadata', 'creationTimestamp'],
  ['spec', 'selector', 'matchLabels', 'app'],
  ['spec', 'environmentVariables', 'ISTIO_META_CERT_SIGNER'],
];

type Mapping = Record<string, unknown>;

function randomValue(random: Random, depth: number): unknown {
  return random.pick<() => unknown>([
    () => 'foo',
    () => 'x'.repeat(random.below(3_000)),
    () => '2026-01-01T00:00:00Z',
    () => random.below(1_000),
    () => null,
    () => random.once(2),
    () => ({}),
    () => (depth > 0 ? [randomValue(random, depth - 1)] : []),
    () => (depth > 0 ? randomMapping(random, depth - 1) : ''),
  ])();
}

function randomMapping(random: Random, depth: number): Mapping {
  const count = random.once(20) ? 100 : random.below(4);
  const made: Mapping = {};
  for (let key = 0; key < count; key += 1) {
    set(made, random.once(10) ? `key${key}` : random.pick(keys), randomValue(random, depth));
  }
  return made;
}

/** As JSON.parse does it: `__proto__` is a key like others. */
function set(mapping: Mapping, key: string, value: unknown): void {
  Object.defineProperty(mapping, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function setAt(root: Mapping, path: readonly string[], value: unknown): void {
  let at = root;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    const below = typeof next === 'object' && next !== null ? (next as Mapping) : {};
    set(at, key, below);
    at = below;
  }
  set(at, path.at(-1) ?? '', value);
}

/** A value such as a decoder hands over: some paths that are read, with anything along and at their ends. */
export function randomStruct(random: Random): unknown {
  if (random.once(20)) return randomValue(random, 3) ?? null;
  const root = randomMapping(random, 2);
  for (const path of paths) {
    if (random.once(2)) setAt(root, path, randomValue(random, 2));
  }
  return root;
}
