import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mistakes } from '../integration/four-mistakes/mistakes.ts';
import { RunningMesh } from '../support/running-mesh.ts';
import { Chromium } from './support/chromium.ts';
import { neededChromium } from './support/needed-chromium.ts';
import type { Tab } from './support/tab.ts';

const chromium = neededChromium();
const whereChromiumIs = chromium === undefined ? describe.skip : describe;

/** What a person reads about each in the panel that explains, beside its reason in the feed. */
const toRead: Readonly<Record<string, string>> = {
  signer_bound_elsewhere: 'rule bar (line 1) binds',
  signer_unknown: 'the mesh has no root for',
  signer_timeout: 'signer_timeout',
  approve_forbidden: 'no: requests for it stay unapproved',
};

whereChromiumIs.each(mistakes)('the page of a mesh with $what', ({ options, reason }) => {
  let mesh: RunningMesh;
  let browser: Chromium;
  let tab: Tab;

  beforeAll(async () => {
    [mesh, browser] = await Promise.all([
      RunningMesh.start(options),
      Chromium.start(chromium ?? ''),
    ]);
    await mesh.statusOf({ certSigner: '' });
    tab = await browser.tab();
    await tab.go(`http://${mesh.app.debugAddress}/#feed`);
    await tab.until(`document.querySelectorAll('#decisions tr').length === 1`);
  });
  afterAll(async () => {
    await browser.stop();
    await mesh[Symbol.asyncDispose]();
  });
  afterEach(() => {
    tab.assertContent();
  });

  it('says in the feed why the request had no certificate', async () => {
    expect(await tab.text('#decisions tr td:nth-child(3)')).toBe('foo/httpbin');
    expect(await tab.text('#decisions tr td:nth-child(5)')).toBe(reason.replaceAll('_', ' '));
  });

  it('explains it to whoever opens the workload', async () => {
    await tab.focus('#decisions tr button');
    await tab.press('Enter');
    await tab.until(`document.querySelector('#explain .verdict')`);
    const words = (await tab.text('#explain-body')).replaceAll('_', ' ');
    expect(words).toContain((toRead[reason] ?? 'nothing').replaceAll('_', ' '));
  });
});
