import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RunningMesh } from '../support/running-mesh.ts';
import { Chromium } from './support/chromium.ts';
import type { Tab } from './support/tab.ts';
import { neededChromium } from './support/needed-chromium.ts';

const chromium = neededChromium();
const whereChromiumIs = chromium === undefined ? describe.skip : describe;

const sleepOfBar = { namespace: 'bar', serviceAccount: 'sleep' };

whereChromiumIs('the page of a mesh with the tenants foo and bar', () => {
  let mesh: RunningMesh;
  let browser: Chromium;
  let tab: Tab;

  const go = (page: string): Promise<void> =>
    tab.go(`http://${mesh.app.debugAddress}/?${performance.now()}#${page}`);
  const rows = '#decisions tr';

  beforeAll(async () => {
    [mesh, browser] = await Promise.all([RunningMesh.start(), Chromium.start(chromium ?? '')]);
    await mesh.request();
    await mesh.requestAs(sleepOfBar);
    await mesh.statusOf({ certSigner: 'bar' });
  });
  afterAll(async () => {
    await browser.stop();
    await mesh[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    tab = await browser.tab();
  });
  // Whatever a test looks at, the page must have nothing to complain about.
  afterEach(() => {
    tab.assertContent();
  });

  it('shows foo and bar as signers of their own, without a line', async () => {
    await go('trust');
    await tab.until(`document.querySelectorAll('.signer').length === 3`);

    expect(await tab.text('.signer[data-signer="foo"] .chip text')).toBe('foo');
    expect(await tab.text('.signer[data-signer="bar"] .chip text')).toBe('bar');
    expect(await tab.count('path.link')).toBe(0);
  });

  it('says that foo and bar cannot talk, and why', async () => {
    await go('trust');
    await tab.fill('#talk-from', 'foo');
    await tab.fill('#talk-to', 'bar');

    expect(await tab.text('#talk-answer')).toBe(
      'No, they cannot talk: foo and bar have no root in common.',
    );
  });

  it('shows a request soon after it was decided', async () => {
    await go('feed');
    await tab.until(`document.querySelectorAll('${rows}').length >= 3`);
    const before = await tab.count(rows);
    await mesh.requestAs(sleepOfBar);

    await tab.until(`document.querySelectorAll('${rows}').length === ${before + 1}`);
    expect(await tab.text(`${rows}:first-child td:nth-child(3)`)).toBe('bar/sleep');
  });

  it('narrows the feed by outcome and by namespace', async () => {
    await go('feed');
    await tab.until(`document.querySelectorAll('${rows}').length >= 3`);
    await tab.fill('#feed-outcome', 'refused');

    expect(await tab.text(`${rows} .pill`)).toBe('refused');
    await tab.fill('#feed-namespace', 'bar');
    expect(await tab.count(rows)).toBe(0);
  });

  it('explains a refusal from the keyboard, and gives the focus back', async () => {
    await go('feed');
    await tab.until(`document.querySelectorAll('${rows}').length >= 3`);
    await tab.fill('#feed-outcome', 'refused');
    await tab.focus(`${rows} button`);
    await tab.press('Enter');

    await tab.until(`document.querySelector('#explain .verdict')`);
    expect(await tab.text('#explain .verdict')).toContain('It would be refused');
    expect(await tab.text('#explain .step.won')).toContain('ProxyConfig foo/foopc');
    await tab.press('Escape');
    expect(await tab.value(`document.querySelector('#explain').open`)).toBe(false);
    expect(await tab.value('document.activeElement.textContent')).toBe('foo/httpbin');
  });

  it('opens the identities of a namespace from the keyboard', async () => {
    await go('trust');
    await tab.until(`document.querySelector('[data-namespace="foo"]')`);
    await tab.focus('[data-namespace="foo"] button');
    await tab.press('Enter');

    await tab.until(`document.querySelector('.identities button')`);
    expect(await tab.text('.identities button')).toBe('httpbin');
  });

  it('shows the steps and conditions of the authority', async () => {
    await go('health');
    await tab.until(`document.querySelectorAll('#charts svg').length === 6`);

    expect(await tab.text('#steps')).toContain('authenticate');
    expect(await tab.text('#readiness')).toContain('watch-proxyconfigs');
    expect(await tab.text('#watches')).toContain('certificatesigningrequests');
  });

  it('shows a text of a client as text', async () => {
    await mesh.statusOf({ certSigner: '<img src=x onerror=alert(1)>' });
    await go('feed');

    await tab.until(`document.querySelector('#decisions').textContent.includes('<img src=x')`);
    expect(await tab.count('#decisions img')).toBe(0);
  });

  it('is kept by the browser from making markup of a text, and from inline styles', async () => {
    await go('trust');
    const markup = tab.value(`document.querySelector('main').innerHTML = '<b>a text</b>'`);
    await expect(markup).rejects.toThrow('TrustedHTML');
    const inline = `Object.assign(document.createElement('style'), { textContent: 'p { top: 0 }' })`;
    await tab.value(`document.head.append(window.style = ${inline})`);

    expect(await tab.value('window.style.sheet === null')).toBe(true);
    expect(tab.problems.splice(0).join()).toContain('style-src');
  });

  it.each(['light', 'dark'] as const)('is readable in %s colours', async (scheme) => {
    await tab.colours(scheme);
    await go('trust');
    const luminances = `(() => {
      const of = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => {
          const c = part / 255;
          return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const { color, backgroundColor } = getComputedStyle(document.body);
      const muted = getComputedStyle(document.querySelector('.heading .muted')).color;
      return [color, muted, backgroundColor].map(of);
    })()`;
    const [text = 0, muted = 0, page = 0] = (await tab.value(luminances)) as number[];

    expect(page > 0.5).toBe(scheme === 'light');
    // WCAG 2.2 section 1.4.3 asks for 4.5 to 1.
    expect(contrast(text, page)).toBeGreaterThan(7);
    expect(contrast(muted, page)).toBeGreaterThan(4.5);
  });

  it.each(['trust', 'feed', 'health'])('has %s fit a narrow screen', async (page) => {
    await tab.resize(390, 800);
    await go(page);

    expect(await tab.value('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });
});

whereChromiumIs('the page of an authority that went away', () => {
  it('says so', async () => {
    const [mesh, browser] = await Promise.all([
      RunningMesh.start(),
      Chromium.start(chromium ?? ''),
    ]);
    const tab = await browser.tab();
    await tab.go(`http://${mesh.app.debugAddress}/#feed`);
    await mesh[Symbol.asyncDispose]();

    await tab.until(`!document.querySelector('#trouble').hidden`);
    expect(await tab.text('#trouble')).toBe('istio-ra does not answer');
    await browser.stop();
  });
});

/** WCAG 2.2: of two relative luminances. */
function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
