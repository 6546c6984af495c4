import { isForbidden, isNotFound } from '../kube/api-error.ts';

/** Something about the cluster or the settings that was sought once for all checks. */
export type Fact<T> =
  | { readonly kind: 'known'; readonly value: T }
  | {
      readonly kind: 'unknown';
      readonly because: string;
      /** Whether it should have been found: what is forbidden or not there is no fault. */
      readonly isFault: boolean;
    };

/** Thrown by `known` where a fact that a check asks for was not found. */
export class UnknownFactError extends Error {
  readonly isFault: boolean;

  constructor(because: string, { isFault }: { readonly isFault: boolean }) {
    super(because);
    this.name = 'UnknownFactError';
    this.isFault = isFault;
  }
}

/** Throws UnknownFactError. */
export function known<T>(fact: Fact<T>): T {
  if (fact.kind === 'known') return fact.value;
  throw new UnknownFactError(fact.because, fact);
}

export function knownFact<T>(value: T): Fact<T> {
  return { kind: 'known', value };
}

/** For what was not found for a reason that lies elsewhere. */
export function unknownFact(because: string, isFault = false): Fact<never> {
  return { kind: 'unknown', because, isFault };
}

/** What an error says about a fact: what is forbidden, and what the API does not have, is no fault. */
export function factOf(error: unknown): Fact<never> {
  const because = error instanceof Error ? error.message : String(error);
  if (error instanceof UnknownFactError) return unknownFact(because, error.isFault);
  return unknownFact(because, !isForbidden(error) && !isNotFound(error));
}
