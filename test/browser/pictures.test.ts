import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RaError } from '../../src/base/ra-error.ts';
import { RunningMesh } from '../support/running-mesh.ts';
import { Chromium } from './support/chromium.ts';
import { aSigner, PageFixture, worldOf } from './support/page-fixture.ts';
import type { Tab } from './support/tab.ts';
import { neededChromium } from './support/needed-chromium.ts';

const chromium = neededChromium();
const whereChromiumIs = chromium === undefined ? describe.skip : describe;

/** PICTURES=docs/images renews those of the documentation. */
const directory = process.env['PICTURES'] ?? tmpdir();
const maxBytes = 150_000;

const signerPolicy = `
trusts:
  - [foo, istio-system]
  - [bar, istio-system]
`;

whereChromiumIs('the pictures of the documentation', () => {
  let browser: Chromium;
  let mesh: RunningMesh;
  let tab: Tab;

  beforeAll(async () => {
    [browser, mesh] = await Promise.all([
      Chromium.start(chromium ?? ''),
      RunningMesh.start({ signerPolicy }),
    ]);
    tab = await browser.tab();
    for (const serviceAccount of ['httpbin', 'sleep']) {
      await mesh.requestAs({ namespace: 'bar', serviceAccount });
      await mesh.requestAs({ namespace: 'foo', serviceAccount });
      await mesh.statusOf({ certSigner: 'bar' });
    }
    await mesh.statusOf({ token: 'nonsense' });
    await mesh.statusOf({ validitySeconds: 60 });
    await mesh.requestAs({ namespace: 'foo', serviceAccount: 'sleep' });
  });
  afterAll(async () => {
    await browser.stop();
    await mesh[Symbol.asyncDispose]();
  });

  const picture = (name: string): Promise<number> => tab.screenshot(join(directory, name));

  it('show two tenants that a gateway joins and nothing else', async () => {
    await tab.go(`http://${mesh.app.debugAddress}/#trust`);
    await tab.until(`document.querySelectorAll('path.link').length === 2`);
    await tab.fill('#talk-from', 'foo');
    await tab.fill('#talk-to', 'bar');

    expect(await tab.count('path.link[data-link="bar foo"]')).toBe(0);
    expect(await picture('trust-map.png')).toBeLessThan(maxBytes);
  });

  it('show the feed in dark colours, with a refusal explained', async () => {
    await tab.colours('dark');
    await tab.resize(1_200, 780);
    await tab.go(`http://${mesh.app.debugAddress}/?again#feed`);
    await tab.until(`document.querySelector('#decisions .refused')`);
    await tab.value(
      `[...document.querySelectorAll('#decisions tr')].find((row) => row.textContent.includes('asked for bar')).querySelector('button').click()`,
    );
    await tab.until(`document.querySelector('#explain .verdict')`);

    expect(await picture('feed.png')).toBeLessThan(maxBytes);
    await tab.colours('light');
    await tab.resize(1_200, 900);
  });

  it('show an hour of health', async () => {
    const fixture = await anHour();
    await tab.go(`${fixture.url}#health`);
    await tab.until(`document.querySelectorAll('#charts svg').length === 6`);

    expect(await picture('health.png')).toBeLessThan(maxBytes);
    await fixture.stop();
  });
});

/** Made-up traffic of foo and bar, with a signer that is slow for a while. */
async function anHour(): Promise<PageFixture> {
  let minute = 0;
  const slow = (): boolean => minute > 33 && minute < 41;
  const wave = (): number => 7 + Math.round(4 * Math.sin(minute / 7) + 2 * Math.sin(minute / 2));
  const now = Date.now();
  const signers = await Promise.all(['foo', 'bar'].map((name) => aSigner(name, now)));
  const world = worldOf(signers, new Map(signers.map(({ name }) => [name, name])));
  const fixture = await PageFixture.start(world, {
    queue: () => ({ waiting: slow() ? wave() + 1 : 0, inFlight: wave() + (slow() ? 9 : 0) }),
    lagMs: () => 0.6 + 0.05 * wave() + (slow() ? 1.2 : 0),
    circuits: () => signers.map(({ name }) => ({ signer: `x/${name}`, state: 'closed' as const })),
    watches: () => [
      { resource: 'certificatesigningrequests', ageSeconds: 0.4, failures: 0, events: 90 },
      { resource: 'proxyconfigs', ageSeconds: 21, failures: 0, events: 2 },
    ],
    signing: () => ({ awaited: 3, removals: 0, reaped: 0 }),
  });
  for (; minute < 60; minute += 1) {
    for (let at = 0; at < wave() + 4; at += 1) await oneOf(fixture, { at, minute, slow: slow() });
    await fixture.clock.advance(60_000);
  }
  return fixture;
}

async function oneOf(
  fixture: PageFixture,
  { at, minute, slow }: { readonly at: number; readonly minute: number; readonly slow: boolean },
): Promise<void> {
  const namespace = at % 2 === 0 ? 'foo' : 'bar';
  const wait = (slow ? 900 : 70) + ((at * 37 + minute * 11) % 60);
  const steps = { authenticate: 2 + (at % 3), admit: 0.7, create: 7 + (at % 5), approve: 5, wait };
  if (at % 9 === 8) {
    const refused = new RaError('SIGNER_REFUSED', 'no', { reason: 'signer_not_assigned' });
    await fixture.decide({ namespace, account: 'sleep', refused, steps: { authenticate: 2 } });
    return;
  }
  // Workloads renew at half of their certificate's life, so the hour holds most of it.
  const notAfter = new Date(fixture.clock.now() + 7_200_000).toISOString();
  const facts = { ...fixture.certificateOf(namespace), notAfter };
  await fixture.decide({ namespace, account: 'httpbin', facts, steps });
}
