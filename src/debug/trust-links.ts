import type { AssignmentInputs } from '../authz/assignment-inputs.ts';
import { rootsTrustedBy } from '../authz/trusted-signers.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { Certificate } from '../pki/certificate.ts';
import { rootSummary } from './root-summary.ts';
import type { RootSummary } from './root-summary.ts';

/** Two signers of which at least one's workloads accept the certificates of the other's. */
export interface TrustLink {
  readonly signers: readonly [string, string];
  /** `both`: they can talk. Else only the first, or only the second, accepts the other. */
  readonly accepts: 'both' | 'first' | 'second';
  /** Whether the policy says so. */
  readonly trustsPair: boolean;
  /** SHA-256 of roots of the first whose key is also a root's of the second. */
  readonly sharedRoots: readonly string[];
}

/** A root, or roots of one key, that several signers have. */
export interface SharedRoot {
  readonly root: RootSummary;
  readonly signers: readonly string[];
  /** No trusts pair of the policy says that all of these may talk to each other. */
  readonly unexplained: boolean;
}

export interface TrustLinks {
  readonly links: readonly TrustLink[];
  /** There are more links than are listed. */
  readonly linksCut: boolean;
  readonly sharedRoots: readonly SharedRoot[];
  /** Roots of no signer that every workload trusts. */
  readonly unboundRoots: readonly RootSummary[];
}

type Trusting = Pick<AssignmentInputs, 'policy' | 'mesh'>;

/** A thousand signers under one root would make half a million. */
const maxLinks = 2_000;

/** Who accepts whom, by the roots that an answer carries; pairs that are not listed cannot talk. */
export function trustLinks(inputs: Trusting): TrustLinks {
  const reach = new Reach(inputs);
  const unboundRoots = inputs.mesh.trust.unboundRoots.map(rootSummary);
  const links = new Map<string, TrustLink>();
  let linksCut = false;
  for (const one of reach.signers) {
    for (const other of reach.acceptedBy(one)) {
      const [first, second] = one < other ? [one, other] : [other, one];
      const key = `${first} ${second}`;
      if (one === other || links.has(key)) continue;
      linksCut = links.size >= maxLinks;
      if (linksCut)
        return { links: [...links.values()], linksCut, sharedRoots: reach.shared(), unboundRoots };
      links.set(key, reach.link(first, second));
    }
  }
  return { links: [...links.values()], linksCut, sharedRoots: reach.shared(), unboundRoots };
}

/**
 * Roots are compared by their keys: a root that was issued anew for the same key vouches for the
 * same certificates.
 */
class Reach {
  readonly signers: readonly string[];
  readonly #inputs: Trusting;
  readonly #byKey = new Map<string, { readonly root: Certificate; readonly signers: string[] }>();
  readonly #own = new Map<string, ReadonlyMap<string, Certificate>>();
  readonly #trusted = new Map<string, ReadonlySet<string>>();
  readonly #pairs: ReadonlySet<string>;

  constructor(inputs: Trusting) {
    this.#inputs = inputs;
    const { trust } = inputs.mesh;
    this.signers = [...trust.signerNames].sort();
    this.#pairs = new Set(inputs.policy.trusts.map(({ signers }) => signers.toSorted().join(' ')));
    for (const signer of this.signers) this.#enter(signer);
  }

  #enter(signer: string): void {
    const own = new Map(
      this.#inputs.mesh.trust.anchorsOf(signer).map((root) => [keyOf(root), root] as const),
    );
    this.#own.set(signer, own);
    for (const [key, root] of own) {
      const entry = this.#byKey.get(key) ?? { root, signers: [] };
      entry.signers.push(signer);
      this.#byKey.set(key, entry);
    }
  }

  /** Keys of the roots that workloads of the signer trust. */
  #trustedBy(signer: string): ReadonlySet<string> {
    const known = this.#trusted.get(signer);
    if (known !== undefined) return known;
    const keys = new Set(rootsTrustedBy(this.#inputs, signer as SignerName).map(keyOf));
    this.#trusted.set(signer, keys);
    return keys;
  }

  *acceptedBy(signer: string): Generator<string> {
    for (const key of this.#trustedBy(signer)) yield* this.#byKey.get(key)?.signers ?? [];
  }

  #accepts(one: string, other: string): boolean {
    const trusted = this.#trustedBy(one);
    return [...(this.#own.get(other)?.keys() ?? [])].some((key) => trusted.has(key));
  }

  link(first: string, second: string): TrustLink {
    const [there, back] = [this.#accepts(first, second), this.#accepts(second, first)];
    const other = this.#own.get(second);
    return {
      signers: [first, second],
      accepts: there && back ? 'both' : there ? 'first' : 'second',
      trustsPair: this.#pairs.has(`${first} ${second}`),
      sharedRoots: [...(this.#own.get(first) ?? [])]
        .filter(([key]) => other?.has(key) === true)
        .map(([, { sha256 }]) => sha256),
    };
  }

  shared(): readonly SharedRoot[] {
    const pairs = [...this.#pairs].map((pair) => pair.split(' '));
    return [...this.#byKey.values()]
      .filter(({ signers }) => signers.length > 1)
      .map(({ root, signers }) => {
        const among = new Set(signers);
        const explained = pairs.filter((pair) => pair.every((signer) => among.has(signer))).length;
        const unexplained = explained < (signers.length * (signers.length - 1)) / 2;
        return { root: rootSummary(root), signers, unexplained };
      });
  }
}

/** Computed once for each root: the same few are compared again and again. */
const keys = new WeakMap<Certificate, string>();

function keyOf(root: Certificate): string {
  const key = keys.get(root) ?? Buffer.from(root.spkiDer).toString('base64');
  keys.set(root, key);
  return key;
}
