import type { Labels } from '../mesh/proxy-config.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import type { KeyAlgorithm } from '../pki/key-algorithm.ts';
import type { SourceLocation } from './policy-problem.ts';
import type { signerModes, sourceNames } from './policy-schema.ts';

export type SignerMode = (typeof signerModes)[number];
export type SourceName = (typeof sourceNames)[number];

/** A policy that was checked as a whole. Deeply frozen: replaced, never edited. */
export interface SignerPolicy {
  readonly mode: SignerMode;
  /** Which sources may assign signers. */
  readonly sources: Readonly<Record<SourceName, boolean>>;
  /** The first that matches wins. */
  readonly rules: readonly SignerRule[];
  readonly trusts: readonly TrustPair[];
}

export interface SignerRule extends SourceLocation {
  readonly name: string;
  readonly match: RuleMatch;
  readonly signers: readonly SignerName[];
  /** One of `signers`. */
  readonly default: SignerName;
  /** Whether nobody else may obtain its signers. */
  readonly exclusive: boolean;
  readonly limits: SignerLimits;
  readonly nameLocation: SourceLocation;
  /** Where each of `signers` stands in the file, in their order. */
  readonly signerLocations: readonly SourceLocation[];
}

/** All given parts must hold. */
export interface RuleMatch {
  readonly namespaces: readonly string[] | undefined;
  readonly namespaceLabels: Labels | undefined;
  readonly serviceAccounts: readonly AccountPattern[] | undefined;
  readonly clusters: readonly string[] | undefined;
}

export interface AccountPattern extends SourceLocation {
  /** Undefined: in any namespace. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What a rule says about certificates, whichever signer they come from. */
export interface SignerLimits {
  /** A longer requested lifetime gets this. */
  readonly maxTtlSeconds: number | undefined;
  /** What callers get that request none; never over `maxTtlSeconds`. */
  readonly defaultTtlSeconds: number | undefined;
  /** Undefined: every kind that CSR policy lets through. */
  readonly keyTypes: readonly KeyAlgorithm[] | undefined;
}

export const noLimits: SignerLimits = Object.freeze({
  maxTtlSeconds: undefined,
  defaultTtlSeconds: undefined,
  keyTypes: undefined,
});

/** Two signers whose workloads trust each other. */
export interface TrustPair extends SourceLocation {
  readonly signers: readonly [SignerName, SignerName];
}
