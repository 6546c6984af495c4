import { readFileSync } from 'node:fs';
import { quantile } from '../quantile.ts';
import { CertificateLoop } from './certificate-loop.ts';
import type { FloorOptions, FloorReport } from './floor-options.ts';

/**
 * The floor: what an authority without any check would need for the same certificates, against the
 * same API server, from a process of its own. Prints a FloorReport.
 */
async function main(): Promise<void> {
  const options = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FloorOptions;
  const loop = new CertificateLoop(options);
  await loop.open();
  const report = await drive(loop, options);
  await loop.close();
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function drive(loop: CertificateLoop, options: FloorOptions): Promise<FloorReport> {
  const { callers, durationMs = Infinity, total = Infinity, deletion } = options;
  const latencies: number[] = [];
  const names: string[] = [];
  let begun = 0;
  let failures = 0;
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const each = async (work: () => Promise<void>): Promise<void> => {
    await Promise.all(Array.from({ length: callers }, work));
  };
  await each(async () => {
    while (begun < total && performance.now() - start < durationMs) {
      begun += 1;
      const since = performance.now();
      try {
        const name = await loop.certificate();
        latencies.push(performance.now() - since);
        if (deletion === 'at-once') await loop.remove(name);
        else names.push(name);
      } catch (error) {
        failures += 1;
        process.stderr.write(`${String(error)}\n`);
      }
    }
  });
  const answeredMs = performance.now() - start;
  await each(async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await loop.remove(name);
  });
  const goneMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    certificates: latencies.length,
    answeredMs,
    goneMs,
    p50Ms: quantile(latencies, 0.5),
    p90Ms: quantile(latencies, 0.9),
    p99Ms: quantile(latencies, 0.99),
    cpuMsPerCertificate: (user + system) / 1000 / latencies.length,
    failures,
  };
}

await main();
