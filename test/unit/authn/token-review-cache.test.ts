import { describe, expect, it } from '@jest/globals';
import { TokenReviewCache } from '../../../src/authn/token-review-cache.ts';
import type { TokenReviewCacheOptions } from '../../../src/authn/token-review-cache.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import type { TokenReviewResult, TokenReviews } from '../../../src/kube/reviews.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { apiError } from '../../support/fake-signing-requests.ts';
import { unsignedToken } from './support/token-signer.ts';

const good: TokenReviewResult = {
  authenticated: true,
  error: undefined,
  username: 'system:serviceaccount:foo:httpbin',
  uid: 'u1',
  groups: [],
  audiences: ['istio-ca'],
  extra: {},
};
const bad: TokenReviewResult = { ...good, authenticated: false };
const audiences = ['istio-ca'];
const { signal } = new AbortController();

type Answer = TokenReviewResult | Error | 'hangs';

/** An API server that gives its answers in order, the last one for ever. */
class ScriptedReviews implements TokenReviews {
  calls = 0;
  readonly signals: AbortSignal[] = [];
  readonly #answers: Answer[];

  constructor(...answers: Answer[]) {
    this.#answers = answers;
  }

  review(
    _token: string,
    _audiences: readonly string[],
    signal: AbortSignal,
  ): Promise<TokenReviewResult> {
    this.calls += 1;
    this.signals.push(signal);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === 'hangs' || answer === undefined) return new Promise(() => undefined);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

function setUp(
  answers: readonly Answer[],
  options: Partial<TokenReviewCacheOptions> = {},
): { cache: TokenReviewCache; reviews: ScriptedReviews; clock: FakeClock } {
  const clock = new FakeClock();
  const reviews = new ScriptedReviews(...answers);
  const cache = new TokenReviewCache({
    tokenReviews: reviews,
    cluster: 'Kubernetes',
    clock,
    random: () => 0.5,
    ...options,
  });
  return { cache, reviews, clock };
}

function throttled(retryAfterMs: number): KubeApiError {
  return new KubeApiError('slow down', {
    status: 429,
    reason: 'TooManyRequests',
    retryAfterMs,
    verb: 'create',
    resource: 'tokenreviews',
  });
}

describe('what TokenReviewCache remembers', () => {
  it.each([
    ['a good token', good, 10_000],
    ['a token that was not authenticated', bad, 2_000],
    ['a token that came with an error', { ...good, error: 'expired' }, 2_000],
  ])('is the verdict on %s, for its time', async (_case, verdict, keptMs) => {
    const { cache, reviews, clock } = setUp([verdict]);
    await cache.review('t', audiences, signal);

    await clock.advance(keptMs - 1);
    await expect(cache.review('t', audiences, signal)).resolves.toEqual(verdict);
    expect(reviews.calls).toBe(1);
  });

  it.each([
    ['a good token after 10 s', good, 10_000],
    ['a bad token after 2 s', bad, 2_000],
    ['a token with an error after 2 s', { ...good, error: 'expired' }, 2_000],
  ])('is not %s', async (_case, verdict, keptMs) => {
    const { cache, reviews, clock } = setUp([verdict]);
    await cache.review('t', audiences, signal);

    await clock.advance(keptMs);
    await cache.review('t', audiences, signal);
    expect(reviews.calls).toBe(2);
  });

  it('counts its time from the question, not from the answer', async () => {
    const clock = new FakeClock();
    const review = async (): Promise<TokenReviewResult> => {
      await clock.advance(1_000);
      return good;
    };
    const { cache } = setUp([], { tokenReviews: { review }, clock });
    await cache.review('t', audiences, signal);
    await clock.advance(8_999);
    await cache.review('t', audiences, signal);
    expect(cache.counts).toMatchObject({ hits: 1, misses: 1 });

    await clock.advance(1);
    await cache.review('t', audiences, signal);
    expect(cache.counts).toMatchObject({ hits: 1, misses: 2 });
  });

  it('ends with the token itself', async () => {
    const { cache, reviews, clock } = setUp([good]);
    const token = unsignedToken({ exp: clock.now() / 1000 + 3 });
    await cache.review(token, audiences, signal);
    await clock.advance(2_999);
    await cache.review(token, audiences, signal);
    expect(reviews.calls).toBe(1);

    await clock.advance(1);
    await cache.review(token, audiences, signal);
    expect(reviews.calls).toBe(2);
  });

  it('is not stretched by a token that claims to last', async () => {
    const { cache, reviews, clock } = setUp([good]);
    const token = unsignedToken({ exp: Number.MAX_SAFE_INTEGER });
    await cache.review(token, audiences, signal);

    await clock.advance(10_000);
    await cache.review(token, audiences, signal);
    expect(reviews.calls).toBe(2);
  });

  it.each([
    ['another token', 'u', audiences],
    ['other audiences', 't', ['vault']],
    ['audiences that read alike when joined', 't', ['istio-ca', '']],
  ])('says nothing about %s', async (_case, token, otherAudiences) => {
    const { cache, reviews } = setUp([good]);
    await cache.review('t', audiences, signal);

    await cache.review(token, otherAudiences, signal);
    expect(reviews.calls).toBe(2);
  });

  it('is never an error', async () => {
    const { cache, reviews } = setUp([apiError(403), good]);
    await expect(cache.review('t', audiences, signal)).rejects.toMatchObject({ status: 403 });

    await expect(cache.review('t', audiences, signal)).resolves.toEqual(good);
    expect(reviews.calls).toBe(2);
  });

  it('is bounded, those used longest ago going first', async () => {
    const { cache, reviews } = setUp([good], { maxEntries: 2 });
    for (const token of ['a', 'b', 'a', 'c']) await cache.review(token, audiences, signal);
    expect(cache.size).toBe(2);
    expect(cache.counts.evicted).toBe(1);

    await cache.review('a', audiences, signal);
    expect(reviews.calls).toBe(3);
    await cache.review('b', audiences, signal);
    expect(reviews.calls).toBe(4);
  });
});

describe('identical reviews at the same time', () => {
  it('are one call', async () => {
    const { cache, reviews } = setUp([good]);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => cache.review('t', audiences, signal)),
    );

    expect(answers).toEqual(Array(5).fill(good));
    expect(reviews.calls).toBe(1);
    expect(cache.counts).toEqual({ hits: 0, misses: 1, shared: 4, retries: 0, evicted: 0 });
  });

  it('are two calls where the tokens differ', async () => {
    const { cache, reviews } = setUp([good]);
    await Promise.all([cache.review('t', audiences, signal), cache.review('u', audiences, signal)]);

    expect(reviews.calls).toBe(2);
  });

  it('go on when one caller leaves, who gets its own reason', async () => {
    const answer = Promise.withResolvers<TokenReviewResult>();
    const { cache } = setUp([], { tokenReviews: { review: () => answer.promise } });
    const leaving = new AbortController();
    const gone = cache.review('t', audiences, leaving.signal);
    const stays = cache.review('t', audiences, signal);
    leaving.abort(new Error('the client went away'));
    await expect(gone).rejects.toThrow('the client went away');

    answer.resolve(good);
    await expect(stays).resolves.toEqual(good);
  });

  it('end when the last caller leaves, and the next one asks anew', async () => {
    const { cache, reviews, clock } = setUp(['hangs', good]);
    const leaving = new AbortController();
    const gone = cache.review('t', audiences, leaving.signal);
    leaving.abort(new Error('the client went away'));
    await expect(gone).rejects.toThrow('the client went away');
    await settle();
    expect(reviews.signals[0]?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);

    await expect(cache.review('t', audiences, signal)).resolves.toEqual(good);
  });

  it('share a deadline of 3 s of their own', async () => {
    const { cache, reviews, clock } = setUp(['hangs']);
    const answer = cache.review('t', audiences, signal);
    await clock.advance(3_000);
    await expect(answer).rejects.toMatchObject({
      name: 'KubeApiError',
      reason: 'TimedOut',
    });

    expect(reviews.calls).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are not begun for a caller who is gone already', async () => {
    const { cache, reviews } = setUp([good]);

    await expect(
      cache.review('t', audiences, AbortSignal.abort(new Error('gone'))),
    ).rejects.toThrow('gone');
    expect(reviews.calls).toBe(0);
  });
});

describe('a review that fails in passing', () => {
  it.each([429, 500, 503, undefined])('with %s is tried once more', async (status) => {
    const { cache, reviews, clock } = setUp([apiError(status), good]);
    const answer = cache.review('t', audiences, signal);
    await clock.advance(124);
    expect(reviews.calls).toBe(1);

    await clock.advance(1);
    await expect(answer).resolves.toEqual(good);
    expect(cache.counts.retries).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not tried a third time', async () => {
    const { cache, reviews, clock } = setUp([apiError(503)]);
    const answer = cache.review('t', audiences, signal);
    await clock.advance(3_000);
    await expect(answer).rejects.toMatchObject({ status: 503 });
    expect(reviews.calls).toBe(2);
  });

  it('waits out connections that are refused, for as long as a review may take', async () => {
    const refused = apiError(undefined, 'ConnectionFailed');
    const { cache, reviews, clock } = setUp([refused, refused, refused, refused, good]);
    const answer = cache.review('t', audiences, signal);
    await clock.advance(500);
    await expect(answer).resolves.toEqual(good);
    expect(reviews.calls).toBe(5);

    const never = setUp([refused]);
    const lost = never.cache.review('t', audiences, signal).catch((error: unknown) => error);
    await never.clock.advance(3_000);
    await expect(lost).resolves.toMatchObject({ status: undefined });
  });

  it.each([401, 403, 422])('is another thing than one that fails with %s', async (status) => {
    const { cache, reviews } = setUp([apiError(status)]);

    await expect(cache.review('t', audiences, signal)).rejects.toMatchObject({ status });
    expect(reviews.calls).toBe(1);
  });

  it('waits as long as Retry-After says', async () => {
    const { cache, reviews, clock } = setUp([throttled(2_000), good]);
    const answer = cache.review('t', audiences, signal);
    await clock.advance(1_999);
    expect(reviews.calls).toBe(1);

    await clock.advance(1);
    await expect(answer).resolves.toEqual(good);
  });

  it('gives up at once when Retry-After asks for more than there is', async () => {
    const { cache, reviews } = setUp([throttled(3_000), good]);

    await expect(cache.review('t', audiences, signal)).rejects.toMatchObject({ status: 429 });
    expect(reviews.calls).toBe(1);
  });
});
