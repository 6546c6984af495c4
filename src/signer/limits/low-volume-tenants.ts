import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';

/** Whoever has no more requests under way than this, its newest included, asks for little. */
const fewRequests = 4;
/** For how long a tenant counts that asked for little. */
const rememberMs = 10_000;
const mostRemembered = 1_024;

/**
 * Knows whether there are tenants that ask for little: they would wait behind all that others have lying
 * with a signer. While there are none it harms nobody to let more lie there.
 */
export class LowVolumeTenants {
  readonly #clock: Clock;
  readonly #underWay = new Map<string, number>();
  /** When they last asked for little, the oldest first. */
  readonly #lowVolume = new BoundedMap<number>(mostRemembered);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get any(): boolean {
    this.#forgetOld();
    return this.#lowVolume.size > 0;
  }

  /** The tenant has asked; call what is returned when that request has ended. */
  asks(tenant: string): () => void {
    const count = (this.#underWay.get(tenant) ?? 0) + 1;
    this.#underWay.set(tenant, count);
    this.#lowVolume.delete(tenant);
    if (count <= fewRequests) this.#lowVolume.set(tenant, this.#clock.monotonic());
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#underWay.get(tenant) ?? 0) - 1;
      if (left > 0) this.#underWay.set(tenant, left);
      else this.#underWay.delete(tenant);
    };
  }

  #forgetOld(): void {
    const old = this.#clock.monotonic() - rememberMs;
    for (const [tenant, since] of this.#lowVolume) {
      if (since > old) return;
      this.#lowVolume.delete(tenant);
    }
  }
}
