import type { Certificate } from '../pki/certificate.ts';
import { renewalDueAt } from './renewal-due.ts';

export interface ExpectedLeaf {
  readonly dnsNames: readonly string[];
  readonly ttlSeconds: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** How far a signer's clock may be from ours. */
const skewMs = 5 * 60_000;
/** A certificate that is due sooner would be asked for again and again. */
const shortestWaitMs = 60_000;

interface Rule {
  readonly problem: string;
  readonly holds: (leaf: Certificate, expected: ExpectedLeaf) => boolean;
}

const rules: readonly Rule[] = [
  { problem: 'is not of version 3', holds: ({ version }) => version === 3 },
  { problem: 'may sign others', holds: ({ isCa }) => !isCa },
  { problem: 'does not have exactly the names that were asked for', holds: hasExactlyTheNames },
  {
    problem: 'is not for servers',
    holds: ({ extendedKeyUsages }) => extendedKeyUsages?.includes('serverAuth') === true,
  },
  {
    problem: 'may not sign a handshake',
    holds: ({ keyUsages }) => keyUsages?.has('digitalSignature') !== false,
  },
  { problem: 'is not valid yet', holds: (leaf, { now }) => leaf.notBefore <= now + skewMs },
  { problem: 'has expired', holds: (leaf, { now }) => leaf.notAfter > now },
  {
    problem: 'has less than half of its life left, or too short a life',
    holds: (leaf, { ttlSeconds, now }) => renewalDueAt(leaf, ttlSeconds) >= now + shortestWaitMs,
  },
];

/** Throws an Error with the first rule for a serving certificate that does not hold. */
export function checkServingLeaf(leaf: Certificate, expected: ExpectedLeaf): void {
  const broken = rules.find(({ holds }) => !holds(leaf, expected));
  if (broken !== undefined) throw new Error(`the certificate ${broken.problem}`);
}

/** Names in another order, or in other capitals, are the same names. */
function hasExactlyTheNames({ subjectAltNames }: Certificate, expected: ExpectedLeaf): boolean {
  const asked = new Set(expected.dnsNames.map((name) => name.toLowerCase()));
  const named = new Set(subjectAltNames.map(({ value }) => value.toLowerCase()));
  const onlyDns = subjectAltNames.every(({ kind }) => kind === 'dns');
  return onlyDns && named.size === asked.size && [...named].every((name) => asked.has(name));
}
