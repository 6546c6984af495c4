import type { Certificate } from '../pki/certificate.ts';
import type { ChainVerifier } from '../pki/chain.ts';
import {
  isNoAuthority,
  isValidAlready,
  isVersion3,
  verifyReturnedChain,
} from '../ra/returned-chain.ts';
import type { LeafRule, ReturnedChain } from '../ra/returned-chain.ts';
import type { ServingIdentity } from '../server/credentials.ts';
import { renewalDueAt } from './renewal-due.ts';

export interface ServingExpectations {
  /** The key that the certificate must be of. */
  readonly spkiDer: Uint8Array;
  readonly dnsNames: readonly string[];
  /** The lifetime that was asked for. */
  readonly ttlSeconds: number;
  /** The roots of the signer in the mesh config; no others are anchors, whatever it sends along. */
  readonly roots: readonly Certificate[];
  readonly verifier: ChainVerifier;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

type ExpectedLeaf = Pick<ServingExpectations, 'dnsNames' | 'ttlSeconds'>;

/** A certificate that is due sooner would be asked for again and again. */
const minWaitMs = 60_000;

/** What a leaf must be to serve. */
const servingLeafRules: readonly LeafRule<ExpectedLeaf>[] = [
  isVersion3,
  isNoAuthority,
  {
    reason: 'san_mismatch',
    message: 'the certificate does not have exactly the names that were asked for',
    holds: hasExactlyTheNames,
  },
  {
    reason: 'extended_key_usage',
    message: 'the certificate is not for servers',
    holds: ({ extendedKeyUsages }) => extendedKeyUsages?.includes('serverAuth') === true,
  },
  {
    reason: 'key_usage',
    message: 'the certificate may not sign a handshake',
    holds: ({ keyUsages }) => keyUsages?.has('digitalSignature') !== false,
  },
  isValidAlready,
  {
    reason: 'expired',
    message: 'the certificate has expired',
    holds: (leaf, _expected, now) => leaf.notAfter > now,
  },
  {
    reason: 'renewal_due',
    message: 'the certificate has less than half of its life left, or too short a life',
    holds: (leaf, { ttlSeconds }, now) => renewalDueAt(leaf, ttlSeconds) >= now + minWaitMs,
  },
];

/**
 * Proof that a certificate can be served: of our key, for our names, good for a server and signed
 * under a root of its signer. Only `verify` makes one.
 */
export class VerifiedServingChain {
  declare protected readonly proof: true;
  readonly leaf: Certificate;
  /** The root that the path ends in. */
  readonly anchor: Certificate;
  /** Leaf and intermediates without the anchor, which clients have or do not trust anyway. */
  readonly certificateChainPem: string;

  private constructor({ leaf, intermediates, anchor }: ReturnedChain) {
    this.leaf = leaf;
    this.anchor = anchor;
    this.certificateChainPem = [leaf, ...intermediates].map(({ pem }) => pem).join('');
  }

  /** Throws ISSUED_CERTIFICATE_REJECTED with a message that says what is wrong. */
  static verify(pem: string, expected: ServingExpectations): VerifiedServingChain {
    const { spkiDer, roots, verifier, now } = expected;
    const chain = verifyReturnedChain(pem, {
      spkiDer,
      keyMismatch: 'no certificate is of the key that it was asked for',
      rules: servingLeafRules,
      expected,
      roots,
      verifier,
      now,
    });
    return new VerifiedServingChain(chain);
  }

  /** As the server and a Secret want it. */
  identity(privateKeyPem: string): ServingIdentity {
    return { certificateChainPem: this.certificateChainPem, privateKeyPem };
  }
}

/** Names in another order, or in other capitals, are the same names. */
function hasExactlyTheNames({ subjectAltNames }: Certificate, expected: ExpectedLeaf): boolean {
  const asked = new Set(expected.dnsNames.map((name) => name.toLowerCase()));
  const named = new Set(subjectAltNames.map(({ value }) => value.toLowerCase()));
  const onlyDns = subjectAltNames.every(({ kind }) => kind === 'dns');
  return onlyDns && named.size === asked.size && [...named].every((name) => asked.has(name));
}
