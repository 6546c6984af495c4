import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DevTools } from './dev-tools.ts';
import { Tab } from './tab.ts';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium is: what CHROMIUM names, or a usual place. Undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  return [named, ...places].find((path) => path !== undefined && existsSync(path));
}

/** A headless browser that is driven through a pipe, so that nothing listens. Stop it after use. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #tools: DevTools;

  private constructor(child: ChildProcess, profile: string, tools: DevTools) {
    this.#process = child;
    this.#profile = profile;
    this.#tools = tools;
  }

  static async start(executable: string): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), 'istio-ra-browser-'));
    const flags = [
      '--headless=new',
      '--remote-debugging-pipe',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--hide-scrollbars',
      `--user-data-dir=${profile}`,
      // Chromium refuses to sandbox itself for root, as which tests run in containers.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ];
    const child = spawn(executable, [...flags, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    return new Chromium(child, profile, DevTools.over(child));
  }

  /** An empty tab of 1200 by 900 pixels. */
  async tab(): Promise<Tab> {
    const { targetId } = await this.#tools.send('Target.createTarget', { url: 'about:blank' });
    const attach = { targetId, flatten: true };
    const { sessionId } = await this.#tools.send('Target.attachToTarget', attach);
    return Tab.open(this.#tools, String(sessionId));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    await this.#tools.send('Browser.close', {}).catch(() => this.#process.kill('SIGKILL'));
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
