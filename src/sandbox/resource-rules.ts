import type { UserInfo } from './user-info.ts';
import type { FieldError } from './field-error.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { UnstoredObject } from './object-store.ts';

export interface RuleContext {
  readonly user: UserInfo;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

export interface ObjectUpdate {
  readonly subresource: string | undefined;
  readonly old: KubeObject;
  /** What the caller wants, its metadata already made to fit `old`. */
  readonly wanted: UnstoredObject;
}

/** What would be stored, and what speaks against it. */
export interface RuledObject {
  readonly object: UnstoredObject;
  readonly errors: readonly FieldError[];
}

/** What the API server does to the objects of one resource, beyond what it does to all. */
export interface ResourceRules {
  /** Throws a StatusError (400) when the body has fields of the wrong type. */
  decode(body: JsonObject): void;
  prepareForCreate(object: UnstoredObject, context: RuleContext): RuledObject;
  prepareForUpdate(update: ObjectUpdate, context: RuleContext): RuledObject;
  /**
   * What the user must be allowed to do as well, for this change, or to create the object where there is
   * no old one: a verb on a named resource.
   */
  furtherRights(
    old: KubeObject | undefined,
    object: UnstoredObject,
    subresource: string | undefined,
  ): FurtherRight | undefined;
}

export interface FurtherRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Any one of these names is enough. */
  readonly names: readonly string[];
  /** Completes the 403. */
  readonly refusal: string;
}
