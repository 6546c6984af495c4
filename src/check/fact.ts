import { messageOf } from '../base/error-message.ts';
import { isForbidden, isNotFound, KubeApiError } from '../kube/api-error.ts';

/** Something about the cluster or the settings that was sought once for all checks. */
export type Fact<T> =
  | { readonly kind: 'known'; readonly value: T }
  | {
      readonly kind: 'unknown';
      readonly because: string;
      /** Whether it should have been found: what is forbidden or not there is no fault. */
      readonly isFault: boolean;
      /** The check that tells of it, so that others need not. */
      readonly reportedBy?: string;
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
  const { because, isFault, reportedBy } = fact;
  if (reportedBy === undefined) throw new UnknownFactError(because, { isFault });
  throw new UnknownFactError(`it rests on what ${reportedBy} looks at`, { isFault: false });
}

export function knownFact<T>(value: T): Fact<T> {
  return { kind: 'known', value };
}

/** For what was not found for a reason that lies elsewhere. */
export function unknownFact(because: string, isFault = false): Fact<never> {
  return { kind: 'unknown', because, isFault };
}

/** Of a fact that has a check of its own, which says what is wrong with it. */
export function reportedBy<T>(check: string, fact: Fact<T>): Fact<T> {
  return fact.kind === 'known' ? fact : { ...fact, reportedBy: check };
}

/** What an error says about a fact: what is forbidden, and what the API does not have, is no fault. */
export function factOf(error: unknown): Fact<never> {
  const because = messageOf(error);
  if (error instanceof UnknownFactError) return unknownFact(because, error.isFault);
  if (isForbidden(error) && error instanceof KubeApiError) {
    const { verb, resource } = error;
    return unknownFact(`who runs this may not ${verb} ${resource}: run it as somebody who may`);
  }
  return unknownFact(because, !isNotFound(error));
}
