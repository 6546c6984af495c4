import type { IstioRa } from '../e2e/stack/istio-ra.ts';
import type { Backend } from './balancer.ts';

/** One replica that is ended and started again, as a Deployment would do it. */
export class Replica implements Backend {
  readonly name: string;
  readonly #start: (name: string) => Promise<IstioRa>;
  #ra: IstioRa | undefined;
  #isReady = false;
  #starts = 0;

  constructor(name: string, start: (name: string) => Promise<IstioRa>) {
    this.name = name;
    this.#start = start;
  }

  get port(): number | undefined {
    return this.#ra === undefined ? undefined : Number(this.#ra.address.split(':')[1]);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get ra(): IstioRa {
    if (this.#ra === undefined) throw new Error(`${this.name} is away`);
    return this.#ra;
  }

  /** A new pod has a new name. */
  async start(): Promise<void> {
    this.#starts += 1;
    this.#ra = await this.#start(`${this.name}-${this.#starts}`);
    this.#isReady = true;
  }

  /** Ends it without a word, as the kernel does when memory runs out. */
  async kill(): Promise<void> {
    const { ra } = this;
    this.#isReady = false;
    process.kill(ra.pid, 'SIGKILL');
    await ra.stop();
    this.#ra = undefined;
  }

  /** Ends it as the kubelet does: the endpoint goes away while it drains. Returns its status. */
  async terminate(): Promise<number | string> {
    const stopping = this.ra.stop();
    // Endpoints change a moment after the signal, not before it.
    const late = setTimeout(() => (this.#isReady = false), 200);
    const status = await stopping;
    clearTimeout(late);
    this.#isReady = false;
    this.#ra = undefined;
    return status;
  }
}
