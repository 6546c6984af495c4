import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** Rights of ours: one for creating, one for approving for each signer. */
const mostPermissions = 1_024;
/** An API server that has just started knows nobody's rights for a moment. */
const unsettledMs = 30_000;
const betweenLinesMs = 60_000;

interface Permission {
  everWorked: boolean;
  refusedSince: number | undefined;
  loggedAt: number | undefined;
}

/**
 * Tells a right that is missing from an API server that does not know our rights yet: one that
 * worked before is doubted for half a minute, any other at once. Nothing is held back meanwhile, so
 * that a right that is granted counts with the next call.
 */
export class PermissionTracker {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #permissions = new BoundedMap<Permission>(mostPermissions);

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

  /** Whether the right is missing; if so that is logged, once a minute. */
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
