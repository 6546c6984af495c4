import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SigningRequest } from '../../../../src/kube/signing-requests.ts';
import { SigningRequestFeed } from '../../../../src/signer/csr/signing-request-feed.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { FakeSigningRequests } from '../../../support/fake-signing-requests.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

const forever = new AbortController().signal;
const isIssued = (request: SigningRequest): boolean => request.certificatePem !== undefined;

let clock: FakeClock;
let requests: FakeSigningRequests;
let feed: SigningRequestFeed;

beforeEach(() => {
  clock = new FakeClock();
  requests = new FakeSigningRequests();
  feed = new SigningRequestFeed({
    ...{ requests, clock, labelSelector: 'x=y', log: new RecordingLogger() },
  });
});

function create(name = 'ra-x'): Promise<SigningRequest> {
  const rest = { labels: {}, annotations: {}, signerName: 's/s', requestPem: '', usages: [] };
  return requests.create({ name, expirationSeconds: 600, ...rest }, forever);
}

describe('SigningRequestFeed', () => {
  it('takes a newer object of the same name for the end of the awaited one', async () => {
    const subscription = feed.subscribe('ra-x');
    const first = await create();
    feed.put(first);
    const end = subscription.until(first.uid, isIssued, forever);
    requests.objects.clear();
    feed.put(await create());
    await expect(end).resolves.toBe('gone');
  });

  // Two versions that are no decimal numbers cannot be compared: the later event counts.
  it('takes each state whose version tells no order', async () => {
    const subscription = feed.subscribe('ra-x');
    const object = await create();
    const versioned = (resourceVersion: string): SigningRequest => ({ ...object, resourceVersion });
    feed.put(versioned('version b'));
    let isDone = false;
    void subscription.until(object.uid, isIssued, forever).then(() => (isDone = true));
    feed.put({ ...versioned('version a'), certificatePem: 'PEM' });
    await settle();

    expect(isDone).toBe(true);
  });

  it('does not take an older object of the same name for that', async () => {
    const subscription = feed.subscribe('ra-x');
    const older = await create();
    requests.objects.clear();
    const mine = await create();
    feed.put(mine);
    const end = subscription.until(mine.uid, isIssued, forever);
    feed.put(older);
    feed.gone(older);
    feed.put(requests.setCertificate('ra-x', 'PEM'));
    await expect(end).resolves.toMatchObject({ certificatePem: 'PEM' });
  });

  it('keeps an end that it has seen though the name went on to others', async () => {
    const subscription = feed.subscribe('ra-x');
    const mine = await create();
    feed.put(requests.setCertificate('ra-x', 'PEM'));
    feed.gone(mine);
    requests.objects.clear();
    feed.put(await create());
    const end = subscription.until(mine.uid, isIssued, forever);
    await expect(end).resolves.toMatchObject({ certificatePem: 'PEM' });
  });

  it('F20: learns from a list that its object was deleted while the watch was silent', async () => {
    const subscription = feed.subscribe('ra-x');
    const mine = await create();
    const end = subscription.until(mine.uid, isIssued, forever);
    requests.objects.clear();
    await clock.advance(2_000);
    await expect(end).resolves.toBe('gone');
  });

  it('does not believe a list that began before the wait', async () => {
    const subscription = feed.subscribe('ra-x');
    let answer: (found: readonly SigningRequest[]) => void = () => undefined;
    requests.list = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await clock.advance(2_000);
    const mine = await create();
    const client = new AbortController();
    let ended = false;
    const end = subscription.until(mine.uid, isIssued, client.signal);
    void end.then(
      () => (ended = true),
      () => undefined,
    );
    answer([]);
    await settle();
    expect(ended).toBe(false);
    client.abort(new Error('enough'));
    await expect(end).rejects.toThrow('enough');
  });

  it('remembers few objects of one name, whatever happens to it', async () => {
    const subscription = feed.subscribe('ra-x');
    const mine = await create();
    feed.put(requests.setCertificate('ra-x', 'PEM'));
    const end = subscription.until(mine.uid, () => false, forever);
    for (let at = 0; at < 100; at += 1) feed.gone({ name: 'ra-x', uid: `other-${at}` });
    feed.gone(mine);
    await expect(end).resolves.toBe('gone');
  });

  it('bounds how many wait', () => {
    for (let at = 0; at < 16_384; at += 1) feed.subscribe(`ra-${at}`);
    expect(() => feed.subscribe('ra-more')).toThrow('too many requests wait');
  });
});
