import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';

/** A tenant with no more requests under way than this, the newest included, is a low-volume tenant. */
const fewRequests = 4;
/** For how long after such a request a tenant counts as one. */
const rememberMs = 10_000;
const maxRemembered = 1_024;

/**
 * Knows whether there are low-volume tenants. Their requests would wait behind all those of others that
 * are with a signer already. While there are no such tenants it harms nobody to let more requests wait
 * at the signer.
 */
export class LowVolumeTenants {
  readonly #clock: Clock;
  readonly #underWay = new Map<string, number>();
  /** When each of them last sent a request, the oldest first. */
  readonly #lowVolume = new BoundedMap<number>(maxRemembered);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get any(): boolean {
    this.#forgetOld();
    return this.#lowVolume.size > 0;
  }

  /** The tenant has sent a request; call the returned function when that request has ended. */
  requested(tenant: string): () => void {
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
