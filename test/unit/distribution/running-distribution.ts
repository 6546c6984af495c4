import { RootDistribution } from '../../../src/distribution/root-distribution.ts';
import type { RootDistributionOptions } from '../../../src/distribution/root-distribution.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeConfigMaps } from '../../support/fake-config-maps.ts';
import { FakeLeadership } from '../../support/fake-leadership.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

/** A distribution over a fake cluster whose labelled namespaces are selected. */
export class RunningDistribution {
  readonly clock = new FakeClock();
  readonly maps = new FakeConfigMaps(this.clock);
  readonly leadership = new FakeLeadership();
  readonly log = new RecordingLogger();
  bundle: string | undefined = 'roots one';
  selectors: Readonly<Record<string, string>> = { mesh: 'yes' };
  #running: RootDistribution | undefined;

  get running(): RootDistribution {
    if (this.#running === undefined) throw new Error('it was not started');
    return this.#running;
  }

  async start(change: Partial<RootDistributionOptions> = {}): Promise<void> {
    const { clock, maps, leadership, log } = this;
    this.#running = new RootDistribution({
      leadership,
      namespaces: maps.namespaces,
      entries: () => maps.entries,
      writes: maps,
      configMapName: 'istio-ca-root-cert',
      bundlePem: () => this.bundle,
      selects: (labels) =>
        Object.entries(this.selectors).every(([name, value]) => labels[name] === value),
      selectionVersion: () => this.selectors,
      clock,
      random: () => 0.5,
      log,
      ...change,
    });
    await clock.advance(2000);
  }

  /** The warnings so far. */
  get warnings(): readonly string[] {
    return this.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  async stop(): Promise<void> {
    const stopped = this.#running?.stop();
    await this.clock.advance(1000);
    await stopped;
  }
}
