import { writeFile } from 'node:fs/promises';
import type { DevTools, Fields } from './dev-tools.ts';

const pollMs = 20;
const keyCodes: Readonly<Record<string, number>> = { Enter: 13, Escape: 27, Tab: 9, ' ': 32 };

/** One page in the browser, with everything that it complained about. */
export class Tab {
  /** Errors on the console, exceptions, and what the content security policy forbade. */
  readonly problems: string[] = [];
  readonly #tools: DevTools;
  readonly #session: string;

  private constructor(tools: DevTools, session: string) {
    this.#tools = tools;
    this.#session = session;
    tools.onEvent((sessionId, method, params) => {
      if (sessionId === session) this.#hear(method, params);
    });
  }

  static async open(tools: DevTools, session: string): Promise<Tab> {
    const tab = new Tab(tools, session);
    for (const domain of ['Page', 'Runtime', 'Log', 'Audits']) await tab.#send(`${domain}.enable`);
    await tab.resize(1_200, 900);
    return tab;
  }

  /** Loads `url` and waits until the page says that it is live. */
  async go(url: string): Promise<void> {
    await this.#send('Page.navigate', { url });
    await this.until(`document.querySelector('#connection')?.dataset.state === 'live'`);
  }

  /** The value of an expression in the page. */
  async value(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = (await this.#send('Runtime.evaluate', options)) as {
      readonly result: { readonly value?: unknown };
      readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
    };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? `${expression} failed`);
  }

  async text(selector: string): Promise<string> {
    const all = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
    return String(await this.value(`${all}.map((element) => element.textContent).join('\\n')`));
  }

  async count(selector: string): Promise<number> {
    return Number(
      await this.value(`document.querySelectorAll(${JSON.stringify(selector)}).length`),
    );
  }

  /** Resolves when the expression is true in the page; rejects after `withinMs`. */
  async until(expression: string, withinMs = 8_000): Promise<void> {
    const end = performance.now() + withinMs;
    while ((await this.value(`Boolean(${expression})`)) !== true) {
      if (performance.now() > end) {
        const problems = this.problems.join('; ');
        throw new Error(`never came to be: ${expression}; the page complained: [${problems}]`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async focus(selector: string): Promise<void> {
    await this.value(`document.querySelector(${JSON.stringify(selector)}).focus()`);
  }

  async press(key: string): Promise<void> {
    const text = { Enter: '\r', ' ': ' ' }[key];
    const event = { key, windowsVirtualKeyCode: keyCodes[key] };
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, text });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  /** Replaces what stands in an input, as if typed. */
  async fill(selector: string, text: string): Promise<void> {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    const event = `new Event('input', { bubbles: true })`;
    await this.value(
      `${element}.value = ${JSON.stringify(text)}, ${element}.dispatchEvent(${event})`,
    );
  }

  async resize(width: number, height: number): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.#send('Emulation.setDeviceMetricsOverride', metrics);
  }

  async colours(scheme: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.#send('Emulation.setEmulatedMedia', { features });
  }

  async screenshot(path: string): Promise<number> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' });
    const bytes = Buffer.from(String(data), 'base64');
    await writeFile(path, bytes);
    return bytes.length;
  }

  /** Throws where the page complained of anything. */
  assertContent(): void {
    if (this.problems.length > 0)
      throw new Error(`the page complained: ${this.problems.join('; ')}`);
  }

  #hear(method: string, params: Fields): void {
    if (method === 'Runtime.exceptionThrown') this.problems.push(JSON.stringify(params));
    if (method === 'Runtime.consoleAPICalled' && params['type'] === 'error') {
      this.problems.push(JSON.stringify(params['args']));
    }
    const { level, text, url } = (params['entry'] ?? {}) as Readonly<Record<string, string>>;
    if (method === 'Log.entryAdded' && level === 'error') this.problems.push(`${text} ${url}`);
    const { code, details } = (params['issue'] ?? {}) as Fields;
    if (method === 'Audits.issueAdded' && code === 'ContentSecurityPolicyIssue') {
      this.problems.push(JSON.stringify(details));
    }
  }

  #send(method: string, params: Fields = {}): Promise<Fields> {
    return this.#tools.send(method, params, this.#session);
  }
}
