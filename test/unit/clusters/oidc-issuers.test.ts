import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openOidcIssuers } from '../../../src/clusters/oidc-issuers.ts';
import type { OidcIssuer } from '../../../src/authn/oidc-authenticator.ts';
import { StartStack } from '../../../src/base/start-stack.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { keySetText, TokenSigner } from '../authn/support/token-signer.ts';

const { signal } = new AbortController();
const good = {
  ...{ issuer: 'https://a', jwksFile: 'keys.json', audiences: ['istio-ca'], cluster: 'a' },
  allowedNamespaces: ['foo'],
};

let directory: string;
let clock: FakeClock;
let started: StartStack;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-ra-issuers-'));
  [clock, started] = [new FakeClock(), new StartStack()];
  await writeFile(join(directory, 'keys.json'), keySetText(await TokenSigner.make('one')));
});
afterEach(async () => {
  await started.stop();
  await rm(directory, { recursive: true, force: true });
});

async function open(entries: unknown): Promise<readonly OidcIssuer[]> {
  const path = join(directory, 'issuers.yaml');
  await writeFile(path, typeof entries === 'string' ? entries : JSON.stringify(entries));
  return openOidcIssuers({
    path,
    signerDomain: 'clusterissuers.cert-manager.io',
    context: { clock, log: new RecordingLogger(), started },
  });
}

describe('the file of token issuers', () => {
  it('gives each issuer its scope', async () => {
    const [issuer] = await open([{ ...good, allowedSigners: ['foo', 'a.example/b'] }]);

    expect(issuer).toMatchObject({
      cluster: { id: 'a', aliases: [] },
      allowedNamespaces: new Set(['foo']),
      allowedSigners: new Set(['clusterissuers.cert-manager.io/foo', 'a.example/b']),
    });
  });

  it('lets an issuer reach every signer where it names none', async () => {
    await expect(open([good])).resolves.toMatchObject([{ allowedSigners: 'all' }]);
  });

  it('finds keys that were put into the key file later', async () => {
    const [issuer] = await open([good]);
    await writeFile(join(directory, 'keys.json'), keySetText(await TokenSigner.make('two')));
    const find = (): Promise<unknown> =>
      Promise.resolve(issuer?.keys.keyFor({ alg: 'ES256', kid: 'two' }, signal));
    await expect(find()).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });

    await clock.advance(2_000);
    let found: unknown;
    for (let attempt = 0; attempt < 500 && found === undefined; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      found = await find().catch(() => undefined);
    }
    expect(found).toMatchObject({ type: 'public' });
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', {}, /line 1: must be a list/],
    ['nobody', [], /must have 1 or more items/],
    [
      'an unknown field',
      [good, { ...good, issuer: 'https://b', x: 1 }],
      /\[1\].x: there is no such/,
    ],
    ['no audience', [{ ...good, audiences: [] }], /\[0\].audiences: must have 1 or more/],
    ['no namespaces', [{ ...good, allowedNamespaces: undefined }], /\[0\]: the field allowedName/],
    ['some word for namespaces', [{ ...good, allowedNamespaces: 'some' }], /a list, or all/],
    ['no keys', [{ ...good, jwksFile: undefined }], /\[0\]: must have one of jwksUri and/],
    ['two places of keys', [{ ...good, jwksUri: 'https://a' }], /\[0\]: must have one of/],
    ['an issuer twice', [good, good], /\[1\]: names an issuer that stands above/],
    [
      'a signer of no form',
      [{ ...good, allowedSigners: ['a/b/c'] }],
      /allowedSigners\[0\]: cannot/,
    ],
    [
      'a key file that is not there',
      [{ ...good, jwksFile: 'x' }],
      /\[0\]: cannot read the key set/,
    ],
    ['a key file without keys', [{ ...good, jwksFile: 'issuers.yaml' }], /\[0\]: /],
    [
      'keys over http',
      [{ ...good, jwksFile: undefined, jwksUri: 'http://a' }],
      /\[0\]: a JWKS URL must begin with https/,
    ],
  ])('that holds %s is refused by place', async (_case, entries, message) => {
    const opened = open(entries);

    await expect(opened).rejects.toThrow('cannot use the file that OIDC_ISSUERS names');
    await expect(opened).rejects.toThrow(message);
  });

  // Its reader is that of the signer policy, which this is not.
  it('that is too long is not called a policy', async () => {
    await expect(open('#'.repeat(1_048_577))).rejects.toThrow(/line 1: the file is longer than/);
  });
});
