import type { BenchWorld, MeasuredAuthority } from './bench-world.ts';
import { measureAuthority } from './measure.ts';
import type { RealWorld } from './real-world.ts';

export interface BenchOptions {
  readonly world: BenchWorld;
  /** Starts a second cluster beside it. */
  readonly startAnother: () => Promise<RealWorld>;
  /** Keys for the floor; it uses them again and again. */
  readonly requestPems: readonly string[];
  /** For files of the moment. */
  readonly folder: string;
  readonly isShort: boolean;
  readonly say: (line: string) => void;
}

/** What the parts of one run share. */
export class Bench {
  readonly world: BenchWorld;
  readonly requestPems: readonly string[];
  readonly folder: string;
  readonly isShort: boolean;
  readonly say: (line: string) => void;
  readonly #startAnother: () => Promise<RealWorld>;
  #authority: Promise<MeasuredAuthority> | undefined;
  #another: Promise<RealWorld> | undefined;

  constructor(options: BenchOptions) {
    this.world = options.world;
    this.requestPems = options.requestPems;
    this.folder = options.folder;
    this.isShort = options.isShort;
    this.say = options.say;
    this.#startAnother = options.startAnother;
  }

  /** The authority that all series are measured on: started and warmed up when first asked for. */
  authority(): Promise<MeasuredAuthority> {
    return (this.#authority ??= this.startWarm('measured'));
  }

  /** Another one. Nobody's code is compiled at the first calls, ours, Node's or the API server's. */
  async startWarm(
    name: string,
    {
      world = this.world,
      env = {},
    }: { readonly world?: BenchWorld; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<MeasuredAuthority> {
    const authority = await world.startAuthority(name, env);
    const total = this.isShort ? 200 : 1_000;
    await measureAuthority(world, authority, {
      load: { callers: 20, total },
      callers: 'own-tokens',
    });
    return authority;
  }

  /** A second cluster, in which there may be much; started when first asked for. */
  another(): Promise<RealWorld> {
    return (this.#another ??= this.#startAnother());
  }

  /** Ends everything, both clusters too. */
  async stop(): Promise<void> {
    await this.world.stop();
    await (await this.#another)?.stop();
  }
}
