import type { Suite } from '../e2e/runner/suite.ts';
import type { IstioRa } from '../e2e/stack/istio-ra.ts';
import { issuerSteps } from '../e2e/walkthrough/issuer-steps.ts';
import { meshSteps } from '../e2e/walkthrough/mesh-steps.ts';
import { World, type WorldOptions } from '../e2e/walkthrough/world.ts';

/** The mesh of the walk-through, without an istio-ra: each step starts its own. */
export class ChaosWorld {
  readonly world: World;

  private constructor(world: World) {
    this.world = world;
  }

  static async start(options: WorldOptions, suite: Suite): Promise<ChaosWorld | undefined> {
    const world = await World.start(options);
    const stands = await suite.chapter('The mesh', [...issuerSteps(world), ...meshSteps(world)]);
    if (!stands) return undefined;
    await world.ra.stop();
    return new ChaosWorld(world);
  }

  /** Four workloads ask here for what thousands would: each alone may not so often. */
  async startRa(name: string, env: Readonly<Record<string, string>> = {}): Promise<IstioRa> {
    return this.world.startRa(name, { env: { RATE_LIMITS: 'off', ...env } });
  }
}
