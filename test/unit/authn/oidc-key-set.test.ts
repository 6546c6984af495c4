import { beforeAll, describe, expect, it } from '@jest/globals';
import { FixedKeySet, RemoteKeySet } from '../../../src/authn/oidc-key-set.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { keySetText, TokenSigner } from './support/token-signer.ts';

const url = 'https://issuer.example/keys';
const minute = 60_000;
const { signal } = new AbortController();
const first = { alg: 'ES256', kid: 'first' };
const second = { alg: 'ES256', kid: 'second' };
const unavailable = { code: 'AUTHENTICATION_UNAVAILABLE', reason: 'oidc_keys_unavailable' };
const noSuchKey = { code: 'ERR_JWKS_NO_MATCHING_KEY' };

let oldKeys = '';
let newKeys = '';
beforeAll(async () => {
  const [one, two] = [await TokenSigner.make('first'), await TokenSigner.make('second')];
  oldKeys = keySetText(one);
  newKeys = keySetText(two);
});

/** An issuer whose published text a test can change; undefined when it cannot be reached. */
class Issuer {
  published: string | undefined;
  hangs = false;
  downloads = 0;
  readonly clock = new FakeClock();
  readonly log = new RecordingLogger();
  readonly keys: RemoteKeySet;

  constructor(published: string | undefined) {
    this.published = published;
    this.keys = new RemoteKeySet({
      url,
      clock: this.clock,
      log: this.log,
      download: () => {
        this.downloads += 1;
        if (this.hangs) return new Promise(() => undefined);
        if (this.published === undefined) return Promise.reject(new Error('unreachable'));
        return Promise.resolve(this.published);
      },
    });
  }
}

describe('FixedKeySet', () => {
  it('finds the key that a header names', async () => {
    await expect(new FixedKeySet(oldKeys).keyFor(first)).resolves.toMatchObject({ type: 'public' });
  });

  it('finds no other key', async () => {
    await expect(new FixedKeySet(oldKeys).keyFor(second)).rejects.toMatchObject(noSuchKey);
  });

  it.each([
    ['no JSON', '<html>'],
    ['no key set', '{}'],
    ['an empty set', '{"keys":[]}'],
    ['something else than keys', '{"keys":[1]}'],
    ['a private key', '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}]}'],
    ['a symmetric key', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'],
    ['more keys than anybody has', JSON.stringify({ keys: Array(101).fill({ kty: 'EC' }) })],
    ['a text beyond the bound', ' '.repeat(256 * 1024 + 1)],
  ])('refuses %s', (_case, text) => {
    expect(() => new FixedKeySet(text)).toThrow(Error);
  });
});

describe('RemoteKeySet', () => {
  it.each(['http://issuer.example/keys', 'https://user:word@issuer.example/', 'keys', 'file:///k'])(
    'refuses the URL %s',
    (bad) => {
      const { clock, log } = new Issuer(oldKeys);
      const download = (): Promise<string> => Promise.resolve(oldKeys);

      expect(() => new RemoteKeySet({ url: bad, clock, log, download })).toThrow(Error);
    },
  );

  it('asks once for many tokens', async () => {
    const issuer = new Issuer(oldKeys);
    await Promise.all([1, 2, 3].map(() => issuer.keys.keyFor(first, signal)));
    await issuer.keys.keyFor(first, signal);

    expect(issuer.downloads).toBe(1);
  });

  it('asks again after five minutes', async () => {
    const issuer = new Issuer(oldKeys);
    await issuer.keys.keyFor(first, signal);
    await issuer.clock.advance(5 * minute);
    issuer.published = newKeys;

    await expect(issuer.keys.keyFor(first, signal)).rejects.toMatchObject(noSuchKey);
    expect(issuer.downloads).toBe(2);
  });

  it('asks again for a key that it does not know, and finds the new one', async () => {
    const issuer = new Issuer(oldKeys);
    await issuer.keys.keyFor(first, signal);
    issuer.published = newKeys;
    await issuer.clock.advance(30_000);

    await expect(issuer.keys.keyFor(second, signal)).resolves.toMatchObject({ type: 'public' });
  });

  it('does not ask for unknown keys more often than every 30 s', async () => {
    const issuer = new Issuer(oldKeys);
    await issuer.keys.keyFor(first, signal);
    await issuer.clock.advance(29_999);

    await expect(issuer.keys.keyFor(second, signal)).rejects.toMatchObject(noSuchKey);
    expect(issuer.downloads).toBe(1);
  });

  it.each([
    ['cannot be reached', undefined],
    ['publishes no keys', '{"keys":[]}'],
    ['publishes something else', '<html>'],
  ])('is unavailable when the issuer %s', async (_case, published) => {
    const issuer = new Issuer(published);

    await expect(issuer.keys.keyFor(first, signal)).rejects.toMatchObject(unavailable);
    expect(issuer.log.lines).toMatchObject([{ level: 'warn', fields: { url } }]);
  });

  it('is unavailable when a new key may be out but cannot be had', async () => {
    const issuer = new Issuer(oldKeys);
    await issuer.keys.keyFor(first, signal);
    issuer.published = undefined;
    await issuer.clock.advance(30_000);

    await expect(issuer.keys.keyFor(second, signal)).rejects.toMatchObject(unavailable);
  });

  it('does not ask an issuer again in the five seconds after a failure', async () => {
    const issuer = new Issuer(undefined);
    await expect(issuer.keys.keyFor(first, signal)).rejects.toMatchObject(unavailable);
    issuer.published = oldKeys;
    await issuer.clock.advance(4_999);
    await expect(issuer.keys.keyFor(first, signal)).rejects.toMatchObject(unavailable);
    expect(issuer.downloads).toBe(1);

    await issuer.clock.advance(1);
    await expect(issuer.keys.keyFor(first, signal)).resolves.toBeDefined();
  });

  it('goes on with the last keys while the issuer cannot be reached', async () => {
    const issuer = new Issuer(oldKeys);
    await issuer.keys.keyFor(first, signal);
    issuer.published = undefined;
    await issuer.clock.advance(60 * minute - 1);

    await expect(issuer.keys.keyFor(first, signal)).resolves.toBeDefined();
  });

  it('does so for an hour and no longer', async () => {
    const issuer = new Issuer(oldKeys);
    await issuer.keys.keyFor(first, signal);
    issuer.published = undefined;
    await issuer.clock.advance(60 * minute);

    await expect(issuer.keys.keyFor(first, signal)).rejects.toMatchObject(unavailable);
  });

  it('gives up on a silent issuer after three seconds', async () => {
    const issuer = new Issuer(oldKeys);
    issuer.hangs = true;
    const key = issuer.keys.keyFor(first, signal);
    await issuer.clock.advance(3_000);
    await expect(key).rejects.toMatchObject(unavailable);

    expect(issuer.clock.pendingTimers).toBe(0);
  });

  it('lets one caller go while the others wait on', async () => {
    const issuer = new Issuer(oldKeys);
    const leaving = new AbortController();
    const gone = issuer.keys.keyFor(first, leaving.signal);
    const stays = issuer.keys.keyFor(first, signal);
    leaving.abort(new Error('the client went away'));

    await expect(gone).rejects.toThrow('the client went away');
    await expect(stays).resolves.toBeDefined();
    expect(issuer.downloads).toBe(1);
  });
});
