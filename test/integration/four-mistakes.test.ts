import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CheckResult } from '../../src/check/check.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { signerDomain } from '../../src/cli/sandbox-fixtures.ts';
import type { RecentDecision } from '../../src/ra/recent-decisions.ts';
import { chartAlerts } from '../support/chart-expressions.ts';
import { evaluateBetween } from '../support/promql-evaluator.ts';
import { RunningMesh } from '../support/running-mesh.ts';
import { parseSamples } from '../support/scraped-samples.ts';
import type { ScrapedSample } from '../support/scraped-samples.ts';
import { mistakes } from './four-mistakes/mistakes.ts';

// What the mistake is made of is in ./four-mistakes; `make e2e` makes the same four on real parts.
describe.each(mistakes)('$what', ({ options, reason, check, explained, shown, alert }) => {
  let mesh: RunningMesh;
  let before: readonly ScrapedSample[];
  let after: readonly ScrapedSample[];

  beforeAll(async () => {
    mesh = await RunningMesh.start(options);
    await askInVain(mesh);
    before = await scrape(mesh);
    await askInVain(mesh);
    after = await scrape(mesh);
  });

  afterAll(async () => {
    await mesh[Symbol.asyncDispose]();
  });

  it('is named by istio-ra check as an error, with what to do', async () => {
    // Only a request that nobody answers tells that a signer is dead: it takes half a minute.
    const words = check.id === 'canary' ? ['--canary'] : [];
    const policy = options.signerPolicy === undefined ? [] : ['--signerPolicy', 'policy.yaml'];
    const told = await runCheck(mesh, [...words, ...policy]);
    const found = told.find(({ id, text }) => id === check.id && text.includes(check.text));
    expect(found).toMatchObject({ severity: 'error', fix: expect.stringContaining(check.fix) });
  }, 60_000);

  it('leaves no canary behind', () => {
    expect(JSON.stringify(mesh.requestObjects())).not.toContain('ra-canary-');
  });

  it('is explained by istio-ra explain', async () => {
    const who = ['--namespace', 'foo', '--service-account', 'httpbin'];
    const { out } = await run(['explain', ...who, '--address', mesh.app.debugAddress]);
    expect(out).toContain(explained);
  });

  it('is in the feed of the page, with its reason', async () => {
    const { decisions } = JSON.parse(await ask(mesh, 'decisions')) as {
      readonly decisions: readonly RecentDecision[];
    };
    expect(decisions.map((decision) => decision.reason)).toEqual([reason, reason]);
  });

  it('is shown by the page, whoever asks', async () => {
    const whom = shown.question === 'explain' ? '?namespace=foo&service-account=httpbin' : '';
    expect(await ask(mesh, `${shown.question}${whom}`)).toContain(shown.text);
  });

  it('makes an alert fire, if it lasts', async () => {
    const rule = (await chartAlerts()).find((one) => one.alert === alert.name);
    const firing = evaluateBetween(rule?.expr ?? '', { before, after, seconds: 60 });
    expect(firing.map(({ labels }) => labels)).toEqual([alert.labels]);
  });

  it('leaves the other tenants alone', async () => {
    const chain = await mesh.requestAs({ namespace: 'bar', serviceAccount: 'httpbin' });
    expect(chain.at(-1)?.trim()).toBe(mesh.rootOf('bar').trim());
  });
});

/** As an agent without a wish does, whose namespace says what it gets. */
async function askInVain(mesh: RunningMesh): Promise<void> {
  const status = await mesh.statusOf({ certSigner: '' });
  if (status === 'OK') throw new Error('a certificate was issued');
}

async function scrape({ app }: RunningMesh): Promise<readonly ScrapedSample[]> {
  const answer = await fetch(`http://${app.monitoringAddress}/metrics`);
  return parseSamples(await answer.text());
}

/** What the page is answered, in one line. */
async function ask({ app }: RunningMesh, question: string): Promise<string> {
  const answer = await fetch(`http://${app.debugAddress}/debug/${question}`);
  return JSON.stringify(await answer.json());
}

/** The failed checks. Words that name a file of the mesh become its path. */
async function runCheck(
  { directory }: RunningMesh,
  words: readonly string[],
): Promise<readonly CheckResult[]> {
  const files = { kubeconfig: 'kubeconfig', meshConfig: 'mesh.yaml', tlsCertFile: 'tls.crt' };
  const { out } = await run([
    ...['check', '-o', 'json', '--quiet', '--tlsKeyFile', join(directory, 'tls.key')],
    ...Object.entries(files).flatMap(([flag, name]) => [`--${flag}`, join(directory, name)]),
    ...words.map((word) => (word.endsWith('.yaml') ? join(directory, word) : word)),
  ]);
  const { checks } = JSON.parse(out) as { readonly checks: readonly CheckResult[] };
  return checks.filter(({ verdict }) => verdict === 'failed');
}

async function run(words: readonly string[]): Promise<{ readonly out: string }> {
  const written = { out: '' };
  await runCommandLine({
    arguments: words,
    env: { CERT_SIGNER_DOMAIN: signerDomain },
    root: join(import.meta.dirname, '../..'),
    out: { write: (text) => (written.out += text) },
    err: { write: () => true },
  });
  return written;
}
