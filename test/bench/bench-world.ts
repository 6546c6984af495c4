import type { FloorOptions } from './floor/floor-options.ts';

/** Who asks, and with how many tokens. */
export type Callers = 'own-tokens' | 'node-agent';

/** The authority under measurement: a process of its own. */
export interface MeasuredAuthority {
  readonly pid: number;
  /** host:port of CreateCertificate. */
  readonly address: string;
  /** From its start until /ready said so. */
  readonly readyMs: number;
  /** The value of one series of its metrics, labels included; of all series without them. */
  metric(series: string): Promise<number>;
  stop(): Promise<void>;
}

/** Where istio-ra and the floor are measured side by side: an API server, signers, workloads. */
export interface BenchWorld {
  /** For the report: what the figures were taken on. */
  readonly description: string;
  readonly agentlike: string;
  readonly rootFile: string;
  readonly serverName: string;
  /** One token file for each caller. */
  readonly tokenDir: string;
  /** The token of a node agent, and an identity of its node that it may ask for. */
  readonly nodeAgent: { readonly tokenFile: string; readonly identity: string };
  /** What the floor needs; callers and times are the bench's. */
  readonly floor: Pick<FloorOptions, 'server' | 'caFile' | 'tokenFile' | 'signerName'>;
  /** `env` is added to the settings that every measured authority has. */
  startAuthority(name: string, env?: Readonly<Record<string, string>>): Promise<MeasuredAuthority>;
  /** CPU milliseconds that the API server has used. */
  apiServerCpuMs(): number;
  /** Where the record of calls ends now. */
  mark(): number;
  /** How often istio-ra made each call since then. */
  calls(mark: number): ReadonlyMap<string, number>;
  /** How many objects of istio-ra there are now. */
  objectsLeft(): Promise<number>;
  stop(): Promise<void>;
}
