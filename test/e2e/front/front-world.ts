import { mkdirSync, readFileSync } from 'node:fs';
import { runLoad, type LoadReport } from '../stack/agent.ts';
import { freePorts } from '../stack/free-ports.ts';
import type { IstioRa } from '../stack/istio-ra.ts';
import { FolderAuthority, type KeyPairFiles } from '../stack/key-pairs.ts';
import type { RunningProcess } from '../stack/process.ts';
import { serverName, workloads, type Workload, type World } from '../walkthrough/world.ts';
import { StreamClients, type StreamClientsOptions } from './stream-clients.ts';

/** Where an istiod listens, and so the stand-in; nothing else may. */
const istiodAddress = '127.0.0.1:15012';
const somebody: Workload = workloads[0] ?? { namespace: 'foo', account: 'httpbin' };

/** A stand-in for istiod, an istio-ra in front of it under its name, and clients of both. */
export class FrontWorld {
  readonly world: World;
  private istiod: RunningProcess | undefined;
  private authority: IstioRa | undefined;
  private streams: StreamClients | undefined;
  private ownAuthority: FolderAuthority | undefined;
  private pair: KeyPairFiles | undefined;
  private port = 0;

  constructor(world: World) {
    this.world = world;
  }

  get ra(): IstioRa {
    if (this.authority === undefined) throw new Error('istio-ra in front was not started');
    return this.authority;
  }

  get clients(): StreamClients {
    if (this.streams === undefined) throw new Error('no client has begun');
    return this.streams;
  }

  async start(): Promise<void> {
    const folder = this.world.path('front');
    mkdirSync(folder);
    this.ownAuthority = await FolderAuthority.create(folder);
    const subjectAltName = `DNS:${serverName}`;
    this.pair = await this.ownAuthority.issue({ name: 'istiod', subject: '/', subjectAltName });
    this.port = (await freePorts(1))[0] ?? 0;
    await this.startIstiod();
    await this.startRa();
  }

  async stop(): Promise<void> {
    await this.streams?.stop();
    await this.authority?.stop();
    await this.istiod?.stop();
  }

  /** Starts the stand-in where it was before. */
  async startIstiod(...flags: string[]): Promise<void> {
    const { processes, tools } = this.world;
    const { certFile, keyFile } = this.pair ?? { certFile: '', keyFile: '' };
    const name = 'istiod-stand-in';
    const before = processes.logSize(name);
    const files = [`--cert=${certFile}`, `--key=${keyFile}`];
    const istiod = processes.start({
      name,
      command: tools.istiodStandIn,
      args: ['serve', `--address=${istiodAddress}`, ...files, ...flags],
    });
    this.istiod = istiod;
    await istiod.awaitReady(() => {
      const said = readFileSync(istiod.logFile).subarray(before).toString();
      return Promise.resolve(said.includes('"serving"'));
    });
  }

  async stopIstiod(): Promise<void> {
    await this.istiod?.stop();
  }

  /** Starts istio-ra, at the same address each time. */
  async startRa(): Promise<void> {
    this.authority = await this.world.startRa('istio-ra-front', {
      flags: {
        secureGRPCAddr: `127.0.0.1:${this.port}`,
        grpcAddr: '127.0.0.1:0',
        httpsAddr: '127.0.0.1:0',
      },
      env: {
        ISTIOD_UPSTREAM: '127.0.0.1',
        ISTIOD_UPSTREAM_SERVER_NAME: serverName,
        ISTIOD_UPSTREAM_ROOTS: this.ownAuthority?.root.certFile ?? '',
      },
    });
  }

  beginStreams(streams: number): void {
    this.streams = StreamClients.begin(this.world.processes, this.through(streams));
  }

  /** Clients that come through istio-ra. */
  through(streams: number): StreamClientsOptions {
    return {
      ...this.direct(streams),
      address: this.ra.address,
      rootFile: this.world.rootFile('istio-system'),
    };
  }

  /** Clients that go straight to the stand-in. */
  direct(streams: number): StreamClientsOptions {
    return {
      command: this.world.tools.istiodStandIn,
      address: istiodAddress,
      rootFile: this.ownAuthority?.root.certFile ?? '',
      serverName,
      tokenFile: this.world.boundToken(somebody),
      streams,
    };
  }

  /** Certificates through the same address, as agents ask for them. */
  async certificates(
    amount: { readonly total: number } | { readonly durationMs: number; readonly rate: number },
  ): Promise<LoadReport> {
    return runLoad(this.world.tools.agentlike, {
      address: this.ra.address,
      rootFile: this.world.rootFile('istio-system'),
      serverName,
      tokenDir: this.world.tenantTokens(),
      certSigner: '{namespace}',
      key: 'p256',
      callers: 10,
      ...amount,
    });
  }
}
