import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** Our permissions: one for creating, and one for approving for each signer. */
const maxPermissions = 1_024;
/** An API server that has just started does not know anybody's permissions for a moment. */
const unsettledMs = 30_000;
const betweenLinesMs = 60_000;

interface Permission {
  everWorked: boolean;
  refusedSince: number | undefined;
  loggedAt: number | undefined;
}

/**
 * Distinguishes a permission that is missing from an API server that does not know our permissions yet.
 * One that worked before counts as missing after half a minute of refusals, any other at once. No call
 * is held back meanwhile, so that a permission counts from the next call on after it was granted.
 */
export class PermissionTracker {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #permissions = new BoundedMap<Permission>(maxPermissions);

  constructor(options: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  worked(permission: string): void {
    const known = this.#of(permission);
    known.everWorked = true;
    known.refusedSince = undefined;
    known.loggedAt = undefined;
  }

  /** Whether the permission is missing; if so that is logged, once a minute. */
  isMissing(permission: string): boolean {
    const now = this.#clock.monotonic();
    const known = this.#of(permission);
    known.refusedSince ??= now;
    if (known.everWorked && now - known.refusedSince < unsettledMs) return false;
    if (known.loggedAt === undefined || now - known.loggedAt >= betweenLinesMs) {
      known.loggedAt = now;
      this.#log.error('a right is missing: grant it to our account', { right: permission });
    }
    return true;
  }

  #of(name: string): Permission {
    const unknown = { everWorked: false, refusedSince: undefined, loggedAt: undefined };
    return this.#permissions.getOrMake(name, () => unknown);
  }
}
