import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { measuredUpTo, type Measurements } from '../support/measured-up-to.ts';
import { Chromium } from './support/chromium.ts';
import { aSigner, PageFixture, worldOf } from './support/page-fixture.ts';
import type { Tab } from './support/tab.ts';
import { neededChromium } from './support/needed-chromium.ts';

const chromium = neededChromium();
const whereChromiumIs = chromium === undefined ? describe.skip : describe;

const namespaceCount = 1_000;
const identitiesEach = 10;
const signerCount = 100;

whereChromiumIs('the page of a thousand namespaces with ten identities each', () => {
  let fixture: PageFixture;
  let browser: Chromium;
  let tab: Tab;
  let loading: Measurements;

  beforeAll(async () => {
    const now = Date.now();
    const names = Array.from({ length: signerCount }, (_, at) => `tenant-${at}`);
    const signers = await Promise.all(names.map((name) => aSigner(name, now)));
    // Two tenants were given one root by mistake.
    const [first, ...others] = signers;
    const mistaken = others.map((signer, at) =>
      at === 0 ? { ...signer, pem: first?.pem ?? '' } : signer,
    );
    const signerOf = new Map(
      Array.from({ length: namespaceCount }, (_, at) => [
        `namespace-${at}`,
        `tenant-${at % signerCount}`,
      ]),
    );
    const all = first === undefined ? mistaken : [first, ...mistaken];
    fixture = await PageFixture.start(worldOf(all, signerOf));
    for (const [namespace, signer] of signerOf) {
      for (let at = 0; at < identitiesEach; at += 1) {
        await fixture.issue(namespace, `account-${at}`, signer);
      }
    }
    browser = await Chromium.start(chromium ?? '');
    tab = await browser.tab();
    const limit = {
      what: 'the page of a large mesh',
      unit: 'ms',
      bound: { atMost: 2_000 },
    } as const;
    loading = await measuredUpTo(3, limit, async () => {
      tab = await browser.tab();
      const begun = performance.now();
      await tab.go(fixture.url);
      await tab.until(`document.querySelectorAll('#namespaces [data-namespace]').length > 0`);
      return performance.now() - begun;
    });
  });
  afterAll(async () => {
    await browser.stop();
    await fixture.stop();
  });

  it('is there within two seconds', () => {
    expect(loading).toMatchObject({ holds: true });
  });

  it('counts all and lists the first', async () => {
    expect(await tab.text('#trust-figures')).toContain('10,000');
    expect(await tab.text('#namespace-count')).toBe('100 of 1,000 namespaces');
    expect(await tab.text('#trust-map-note')).toContain('24 of 100 signers are drawn');
  });

  it('finds a namespace that is not listed', async () => {
    await tab.fill('#namespace-search', 'namespace-987');

    expect(await tab.count('#namespaces [data-namespace]')).toBe(1);
    expect(await tab.text('#namespace-count')).toBe('1 of 1 namespace (1,000 in all)');
  });

  it('warns of the root that two signers share, and draws their line', async () => {
    expect(await tab.text('#trust-warnings')).toContain(
      'tenant-0, tenant-1 share the root CN=tenant-0 root',
    );
    expect(await tab.count('path.link.bad[data-link="tenant-0 tenant-1"]')).toBe(1);
    expect(tab.problems).toEqual([]);
  });
});
