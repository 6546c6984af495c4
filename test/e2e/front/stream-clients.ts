import { readFileSync } from 'node:fs';
import { awaitUntil } from '../stack/await-until.ts';
import { mustRun } from '../stack/run-command.ts';
import type { Processes, RunningProcess } from '../stack/process.ts';

/** What the clients have seen since they began. */
export interface StreamReport {
  /** Streams that have had an answer and have not ended. */
  readonly open: number;
  readonly streams: number;
  readonly acks: number;
  readonly bytes: number;
  readonly megabytesASecond: number;
  /** Streams that the other side ended, by the name of their gRPC code. */
  readonly endsByCode: Readonly<Record<string, number>>;
  readonly oneMessageForEach: Readonly<Record<string, string>>;
}

export interface StreamClientsOptions {
  /** The tool. */
  readonly command: string;
  /** host:port. */
  readonly address: string;
  readonly rootFile: string;
  readonly serverName: string;
  readonly tokenFile: string;
  readonly streams: number;
}

/** Many clients in one process, each with a connection and a long stream, as agents have them. */
export class StreamClients {
  private readonly running: RunningProcess;
  private readonly streams: number;
  private readonly start: number;

  private constructor(running: RunningProcess, streams: number, start: number) {
    this.running = running;
    this.streams = streams;
    this.start = start;
  }

  static begin(processes: Processes, options: StreamClientsOptions): StreamClients {
    const name = 'stream-clients';
    const start = processes.logSize(name);
    const running = processes.start({ name, command: options.command, args: argsOf(options) });
    return new StreamClients(running, options.streams, start);
  }

  /** The last line of the report. Throws where there is none yet. */
  report(): StreamReport {
    const text = this.said();
    const last = text.split('\n').findLast((line) => line.startsWith('{') && line.endsWith('}'));
    if (last === undefined) throw new Error(`the clients report nothing, but say: "${text}"`);
    return JSON.parse(last) as StreamReport;
  }

  /** What they have written; the log has what earlier ones wrote, too. */
  private said(): string {
    return readFileSync(this.running.logFile).subarray(this.start).toString();
  }

  /** Waits until every client has a stream that answers, and `holds`; resolves with the report. */
  async awaitAll(holds: (report: StreamReport) => boolean = () => true): Promise<StreamReport> {
    return awaitUntil(
      () => {
        const report = this.report();
        return Promise.resolve(report.open === this.streams && holds(report) && report);
      },
      {
        what: `${this.streams} streams are open`,
        timeoutMs: 30_000,
        intervalMs: 100,
        giveUp: () => {
          if (!this.running.isRunning) throw new Error(`the clients ended: ${this.said()}`);
        },
      },
    );
  }

  async stop(): Promise<void> {
    await this.running.stop();
  }
}

/** Lets clients read for a while and resolves with what they got. */
export async function measureStreams(
  options: StreamClientsOptions & { readonly seconds: number },
): Promise<StreamReport> {
  const args = [...argsOf(options), `--duration=${options.seconds}s`, '--report-every=1h'];
  return JSON.parse(await mustRun(options.command, args)) as StreamReport;
}

function argsOf(options: StreamClientsOptions): string[] {
  const { address, rootFile, serverName, tokenFile, streams } = options;
  return [
    'xds-client',
    `--address=${address}`,
    `--root=${rootFile}`,
    `--server-name=${serverName}`,
    `--token=${tokenFile}`,
    `--streams=${streams}`,
  ];
}
