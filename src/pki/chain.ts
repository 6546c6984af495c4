import type { KeyObject } from 'node:crypto';
import { BoundedMap } from '../base/bounded-map.ts';
import { isSignedBy } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { ChainError, chainRejections } from './errors.ts';
import { equalBytes } from './der-values.ts';
import {
  checkInPath,
  checkIssuer,
  checkIssuerKey,
  checkSignatureAlgorithm,
  fault,
} from './issuer-policy.ts';
import { KnownAuthorities } from './known-authorities.ts';
import { importPublicKey } from './subject-public-key.ts';

export interface PathRequest {
  readonly leaf: Certificate;
  /** Certificates that may stand between; unordered, with duplicates and strangers, never trusted. */
  readonly candidates: readonly Certificate[];
  /** The trust anchors: self-signed or not, each is trusted as it stands. */
  readonly roots: readonly Certificate[];
  /** When the path must be valid, in milliseconds since the epoch. */
  readonly at: number;
  /** How far a signer's clock may be ahead of ours; none where absent. */
  readonly clockSkewMs?: number;
  /** The longest path, leaf and root included; 8 where absent. */
  readonly maxDepth?: number;
}

const maxCandidates = 16;
const maxRoots = 64;
const maxPathLength = 8;
/** What a hostile set of look-alike authorities may cost: this many verifications. */
const maxVerifications = 64;
const rememberedLinks = 1024;

/** A certificate as the search reached it, and by which way. */
interface Step {
  readonly certificate: Certificate;
  readonly below: Step | undefined;
  readonly depth: number;
  /** Authorities on the way that count against pathLenConstraint: those not self-issued. */
  readonly authorities: number;
}

/** One search: what was asked, and what it met. */
interface Search {
  readonly leaf: Certificate;
  readonly at: number;
  readonly clockSkewMs: number;
  readonly maxDepth: number;
  readonly failures: ChainError[];
  verificationsLeft: number;
}

/**
 * Finds paths from a leaf to a trust anchor: by name bytes and verified signature from each
 * certificate to the next, and by the rights of each authority on the way (RFC 5280 section 6). It
 * remembers which authority signed which, so that a signer's usual chain costs one verification.
 */
export class ChainVerifier {
  /** Facts about signatures on authorities, oldest first. */
  readonly #links = new BoundedMap<boolean>(rememberedLinks);
  readonly #keys = new WeakMap<Certificate, KeyObject>();
  /** Those that stood in a path; keep those of a path that was found, parse what a signer sends. */
  readonly authorities = new KnownAuthorities();

  /**
   * The shortest path: the leaf, authorities, the root last. Throws ChainError when there is none,
   * with the reason of the candidate that came furthest. What the leaf may be used for, and whether
   * it outlives its issuer, is not looked at.
   */
  buildPath(request: PathRequest): readonly Certificate[] {
    const { leaf, candidates, roots, at, clockSkewMs = 0, maxDepth = maxPathLength } = request;
    if (candidates.length > maxCandidates || roots.length > maxRoots) {
      throw fault(leaf, 'too_many_certificates', 'comes with too many certificates');
    }
    const search: Search = {
      leaf,
      at,
      clockSkewMs,
      maxDepth,
      failures: [],
      verificationsLeft: maxVerifications,
    };
    checkInPath(leaf, search);
    const path = this.#findPath(search, roots, candidates);
    if (path !== undefined) return path;
    throw mostTelling(search.failures) ?? fault(leaf, 'no_path', 'leads to no configured root');
  }

  /** Breadth first, so that every certificate is expanded once, on its shortest way from the leaf. */
  #findPath(
    search: Search,
    roots: readonly Certificate[],
    candidates: readonly Certificate[],
  ): readonly Certificate[] | undefined {
    const anchors = new Set(roots.map((root) => root.sha256));
    const reached = new Set([search.leaf.sha256]);
    const queue: Step[] = [
      { certificate: search.leaf, below: undefined, depth: 1, authorities: 0 },
    ];
    for (const step of queue) {
      for (const issuer of [...roots, ...candidates]) {
        const next = reached.has(issuer.sha256) ? undefined : this.#climb(step, issuer, search);
        if (next === undefined) continue;
        if (anchors.has(issuer.sha256)) return pathTo(next);
        reached.add(issuer.sha256);
        queue.push(next);
      }
    }
    return undefined;
  }

  /** The step from a certificate to its issuer; undefined, with the failure noted, when there is none. */
  #climb(step: Step, issuer: Certificate, search: Search): Step | undefined {
    const { certificate, depth, authorities } = step;
    if (!equalBytes(issuer.subjectDer, certificate.issuerDer)) return undefined;
    try {
      checkSignatureAlgorithm(certificate);
      checkIssuerKey(issuer);
      if (!this.#isSignedBy(step, issuer, search)) {
        throw fault(certificate, 'signature_invalid', 'was not signed by the issuer it names');
      }
      checkIssuer(issuer, search.leaf, authorities);
      checkInPath(issuer, search);
      if (depth >= search.maxDepth) throw fault(issuer, 'path_too_long', 'is too far up');
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      search.failures.push(error);
      return undefined;
    }
    return {
      certificate: issuer,
      below: step,
      depth: depth + 1,
      authorities: authorities + (issuer.selfIssued ? 0 : 1),
    };
  }

  #isSignedBy({ certificate, below }: Step, issuer: Certificate, search: Search): boolean {
    const link = `${issuer.sha256}:${certificate.sha256}`;
    const remembered = this.#links.get(link);
    if (remembered !== undefined) return remembered;
    if (search.verificationsLeft === 0) {
      throw fault(search.leaf, 'too_many_certificates', 'needs too many verifications');
    }
    search.verificationsLeft -= 1;
    const key = this.#keyOf(issuer);
    const verdict = key !== undefined && isSignedBy(certificate, key);
    // Leaves come once and would only push the authorities out.
    if (below !== undefined) this.#links.set(link, verdict);
    return verdict;
  }

  #keyOf(issuer: Certificate): KeyObject | undefined {
    const key = this.#keys.get(issuer) ?? importPublicKey(issuer.spkiDer);
    if (key !== undefined) this.#keys.set(issuer, key);
    return key;
  }
}

function pathTo(top: Step): readonly Certificate[] {
  const path: Certificate[] = [];
  for (let step: Step | undefined = top; step !== undefined; step = step.below) {
    path.push(step.certificate);
  }
  return path.reverse();
}

function mostTelling(failures: readonly ChainError[]): ChainError | undefined {
  const rank = ({ reason }: ChainError): number => chainRejections.indexOf(reason);
  return [...failures].sort((a, b) => rank(b) - rank(a))[0];
}
