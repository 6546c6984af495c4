import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOnSignal } from '../../e2e/runner/end-on-signal.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { ensureTools } from '../../e2e/stack/tools.ts';
import type { BenchWorld } from '../bench-world.ts';
import { measureAuthority, type Measurement } from '../measure.ts';
import { RealWorld } from '../real-world.ts';
import { SandboxWorld } from '../sandbox/sandbox-world.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { profileTables } from './profile-table.ts';
import { resolveSources } from './source-maps.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const out = join(repository, '.cache', 'profile');
const built = join(out, 'build', 'dist');
const callers = 50;
const durationMs = 15_000;
const warmUp = { callers: 20, total: 1_000 };

/** `make profile`: what istio-ra's main thread does at 50 callers. */
async function main(kind: 'real' | 'sandbox'): Promise<void> {
  const tools = await ensureTools({ log: say, withoutEnvoy: () => undefined });
  mkdirSync(out, { recursive: true });
  const build = join(repository, 'scripts', 'build.js');
  await mustRun(process.execPath, [build, `--outdir=${built}`, '--source-maps']);
  process.env['ISTIO_RA_BUNDLE'] = join(built, 'istio-ra.js');
  const world: BenchWorld =
    kind === 'real' ? await RealWorld.start(tools, say) : await SandboxWorld.start(tools.agentlike);
  isEnding = endOnSignal(() => world.stop());
  const file = join(out, `${kind}.cpuprofile`);
  try {
    say(`on ${world.description}`);
    const measured = await record(world, file);
    const profile = resolveSources(readProfile(file), { built, repository });
    writeFileSync(file, JSON.stringify(profile));
    tell(profile, measured);
    say(
      `written to .cache/profile/${kind}.cpuprofile, which Chromium's DevTools and speedscope open`,
    );
  } finally {
    await world.stop();
  }
}

/** Lets a warm istio-ra work under load and writes what it did meanwhile. */
async function record(world: BenchWorld, file: string): Promise<Measurement> {
  rmSync(file, { force: true });
  const recorder = join(import.meta.dirname, 'recorder.ts');
  const authority = await world.startAuthority('profiled', {
    NODE_OPTIONS: `--no-warnings --import=${recorder}`,
    PROFILE_FILE: file,
  });
  await measureAuthority(world, authority, { load: warmUp, callers: 'own-tokens' });
  process.kill(authority.pid, 'SIGUSR2');
  const load = { callers, durationMs };
  const measured = await measureAuthority(world, authority, { load, callers: 'own-tokens' });
  process.kill(authority.pid, 'SIGUSR2');
  await awaitUntil(() => Promise.resolve(existsSync(file)), {
    what: 'the profile is written',
    timeoutMs: 30_000,
  });
  await authority.stop();
  return measured;
}

function readProfile(file: string): CpuProfile {
  return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
}

function tell(profile: CpuProfile, { certificates, cpuMsPerCertificate }: Measurement): void {
  const cpu = cpuMsPerCertificate.toFixed(2);
  say(`\n${profileTables(profile, cpuMsPerCertificate)}\n`);
  say(
    `${certificates} certificates at ${callers} callers, ${cpu} ms of CPU each (profiler included)`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let isEnding: () => boolean = () => false;
const [kind = 'sandbox'] = process.argv.slice(2);
if (kind !== 'real' && kind !== 'sandbox') throw new Error('PROFILE is real or sandbox');
await main(kind);
if (!isEnding()) process.exitCode = 0;
