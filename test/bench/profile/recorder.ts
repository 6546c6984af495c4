import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/**
 * Loaded into istio-ra before its own code (`--import`). SIGUSR2 begins a CPU profile of the main
 * thread, the next one ends it and writes it to PROFILE_FILE.
 */
const file = process.env['PROFILE_FILE'] ?? '';
const samplingMicroseconds = 500;
let recording: Session | undefined;

async function begin(): Promise<Session> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: samplingMicroseconds });
  await session.post('Profiler.start');
  return session;
}

async function end(session: Session): Promise<void> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  // In one step: who waits for it may look at any moment.
  writeFileSync(`${file}.part`, JSON.stringify(profile));
  renameSync(`${file}.part`, file);
}

async function toggle(): Promise<void> {
  const session = recording;
  recording = session === undefined ? await begin() : undefined;
  if (session !== undefined) await end(session);
}

process.on('SIGUSR2', () => void toggle());
