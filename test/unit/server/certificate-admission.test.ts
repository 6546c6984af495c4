import { describe, expect, it } from '@jest/globals';
import { Admission } from '../../../src/admission/admission.ts';
import type { AdmissionLimits } from '../../../src/admission/admission-limits.ts';
import type { Caller } from '../../../src/authn/caller.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import type { RaErrorCode } from '../../../src/base/error-table.ts';
import { parseSpiffeId } from '../../../src/pki/spiffe-id.ts';
import { CertificateService } from '../../../src/server/certificate-service.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { FakeCall } from './support/fake-call.ts';
import type { FakeCallOptions } from './support/fake-call.ts';
import { aChain, FakeAuthenticator, FakeIssuer, RecordingDecisions } from './support/fakes.ts';

const [cancelled, resourceExhausted, unavailable, unauthenticated] = [1, 8, 14, 16];

function setUp(limits: Partial<AdmissionLimits> = {}) {
  const [authenticator, issuer] = [new FakeAuthenticator(), new FakeIssuer()];
  const [decisions, log, clock] = [
    new RecordingDecisions(),
    new RecordingLogger(),
    new FakeClock(),
  ];
  const admission = new Admission({ clock, random: () => 0.5, limits });
  const service = new CertificateService({
    ...{ authenticator, issuer, decisions, log, clock, admission },
    nodeAuthorizer: {
      authorize: () => Promise.resolve({ id: idOf('impersonated'), pods: [] }),
    },
  });
  const codes: (number | 'issued')[] = [];
  const call = (options: FakeCallOptions = {}): FakeCall => {
    const fake = new FakeCall(options);
    void service.createCertificate(fake.asCall, (error) => {
      codes.push(error?.code ?? 'issued');
    });
    return fake;
  };
  return { authenticator, issuer, decisions, clock, admission, service, codes, call };
}

function idOf(namespace: string): Caller['identity'] {
  return parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/default`);
}

/** Lets a chain of calls that wait for each other come to rest. */
async function rest(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await clock.advance(0);
}

/** The caller is the pod that the token names: `namespace/pod`. */
function callerOf(authorization = ''): Caller {
  const [namespace = '', uid = ''] = authorization.replace('Bearer ', '').split('/');
  return {
    ...{ identity: idOf(namespace), method: 'kubernetes-token', cluster: 'Kubernetes' },
    ...{ pod: { name: uid, uid }, allowedSigners: 'all' },
  };
}

function withCallers(fixture: ReturnType<typeof setUp>): ReturnType<typeof setUp> {
  fixture.authenticator.behave = ({ authorization }) => Promise.resolve(callerOf(authorization[0]));
  return fixture;
}

function as(pod: string, peer = `${pod}:1`): FakeCallOptions {
  return { headers: { authorization: `Bearer ${pod}` }, peer };
}

describe('a refusal that agents would answer by trying again at once', () => {
  const codes: readonly (readonly [RaErrorCode, number])[] = [
    ['SIGNER_TIMEOUT', unavailable],
    ['KUBERNETES_UNAVAILABLE', unavailable],
    ['OVERLOADED', resourceExhausted],
    ['INTERNAL', 13],
  ];

  it.each(codes)('is held back for a second: %s', async (code, status) => {
    const fixture = setUp();
    fixture.issuer.fail(new RaError(code, 'no'));
    fixture.call();
    await fixture.clock.advance(999);
    expect(fixture.codes).toEqual([]);
    await fixture.clock.advance(1);

    expect(fixture.codes).toEqual([status]);
  });

  it('has its decision line before it is held back, and only one', async () => {
    const { call, clock, decisions, issuer } = setUp();
    issuer.fail(new RaError('KUBERNETES_UNAVAILABLE', 'no'));
    call();
    await clock.advance(0);
    expect(decisions.codes).toEqual(['KUBERNETES_UNAVAILABLE']);
    await clock.advance(2_000);

    expect(decisions.codes).toEqual(['KUBERNETES_UNAVAILABLE']);
  });

  it('holds no slot while it is held back', async () => {
    const { admission, call, clock, codes, issuer } = setUp({ authenticating: 1, working: 1 });
    issuer.fail(new RaError('KUBERNETES_UNAVAILABLE', 'no'));
    for (let calls = 0; calls < 10; calls += 1) call();
    await rest(clock);
    expect(admission.counts).toMatchObject({
      delayed: 10,
      authentication: { inFlight: 0, waiting: 0 },
      work: { inFlight: 0, waiting: 0 },
    });
    issuer.behave = issuer.succeed;
    call();
    await clock.advance(0);

    expect(codes).toEqual(['issued']);
  });

  it('is not held back for a client that is gone', async () => {
    const { call, clock, admission, issuer } = setUp();
    issuer.fail(new RaError('KUBERNETES_UNAVAILABLE', 'no'));
    const running = call();
    await clock.advance(100);
    running.cancel();
    await clock.advance(0);

    expect(admission.counts.delayed).toBe(0);
  });

  it("is there before the client's deadline", async () => {
    const { call, clock, codes, issuer } = setUp();
    issuer.fail(new RaError('KUBERNETES_UNAVAILABLE', 'no'));
    call({ deadline: clock.now() + 700 });
    await clock.advance(500);

    expect(codes).toEqual([unavailable]);
  });

  it('is not held back by a shutdown', async () => {
    const { call, clock, codes, issuer, service } = setUp();
    issuer.fail(new RaError('KUBERNETES_UNAVAILABLE', 'no'));
    call();
    await clock.advance(100);
    service.drain();
    await clock.advance(0);

    expect(codes).toEqual([unavailable]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('any other refusal', () => {
  it.each([
    ['CALLER_UNAUTHENTICATED', unauthenticated],
    ['CSR_REJECTED', 3],
    ['SIGNER_REFUSED', 7],
    ['SIGNER_NOT_ASSIGNED', 9],
  ] as const)('is answered at once: %s', async (code, status) => {
    const { call, clock, codes, issuer } = setUp();
    issuer.fail(new RaError(code, 'no'));
    call();
    await clock.advance(0);

    expect(codes).toEqual([status]);
  });
});

describe('bad tokens', () => {
  it('cost a bounded number of reviews on a connection', async () => {
    const { authenticator, call, clock, codes } = setUp();
    for (let calls = 0; calls < 1_000; calls += 1) {
      call({ headers: { authorization: 'Bearer bad' }, peer: '10.0.0.9:9' });
      await clock.advance(1);
    }
    await clock.advance(2_000);

    expect(authenticator.seen.length).toBeLessThanOrEqual(21);
    expect(codes).toHaveLength(1_000);
    expect(new Set(codes)).toEqual(new Set([unauthenticated, resourceExhausted]));
  });

  it('cost a good client on another connection nothing', async () => {
    const { call, clock, codes } = setUp();
    for (let calls = 0; calls < 1_000; calls += 1) {
      call({ headers: { authorization: 'Bearer bad' }, peer: '10.0.0.9:9' });
    }
    call({ peer: '10.0.0.8:8' });
    await clock.advance(0);

    expect(codes).toContain('issued');
  });
});

describe('the rate limit', () => {
  it('is that of the pod and not of its identity', async () => {
    const { call, clock, codes } = withCallers(setUp());
    for (let pod = 0; pod < 200; pod += 1) call(as(`foo/replica-${pod}`));
    await clock.advance(0);

    expect(codes.filter((code) => code === 'issued')).toHaveLength(200);
  });

  it('refuses one pod that asks too often', async () => {
    const { call, clock, codes, issuer } = withCallers(setUp());
    for (let calls = 0; calls < 25; calls += 1) call(as('foo/one'));
    await clock.advance(2_000);

    expect(codes.filter((code) => code === resourceExhausted)).toHaveLength(5);
    expect(issuer.seen).toHaveLength(20);
  });

  it('counts what a node agent asks for its pods as its own', async () => {
    const { call, clock, codes } = withCallers(setUp());
    const metadata = { fields: { ImpersonatedIdentity: { stringValue: 'spiffe://x' } } };
    for (let calls = 0; calls < 310; calls += 1) {
      call({ ...as('istio-system/ztunnel-1'), request: { metadata } });
    }
    call(as('impersonated/one'));
    await rest(clock);

    expect(codes.filter((code) => code === 'issued')).toHaveLength(301);
  });
});

describe('one namespace that floods', () => {
  it('leaves another its turns: each of the others calls is served within one round', async () => {
    const { call, clock, issuer } = withCallers(setUp({ working: 8, workingPerNamespace: 2 }));
    const finish: (() => void)[] = [];
    issuer.behave = () =>
      new Promise((resolve) => {
        finish.push(() => {
          resolve(aChain());
        });
      });
    for (let pod = 0; pod < 200; pod += 1) call(as(`flood/${pod}`));
    for (let pod = 0; pod < 4; pod += 1) call(as(`quiet/${pod}`));
    await clock.advance(0);
    for (const done of finish.splice(0)) done();
    await clock.advance(0);
    for (const done of finish.splice(0)) done();
    await clock.advance(0);

    const order = issuer.seen.map(({ request }) => request.identity.id.namespace);
    expect(order.slice(0, 24).filter((namespace) => namespace === 'quiet')).toHaveLength(4);
  });
});

describe('a client that goes away', () => {
  it('while it waits to be authenticated is never authenticated', async () => {
    const { authenticator, call, clock, decisions, admission } = setUp({ authenticating: 1 });
    authenticator.behave = () => new Promise(() => undefined);
    const first = call();
    await clock.advance(0);
    const second = call();
    await clock.advance(0);
    second.cancel();
    first.cancel();
    await clock.advance(0);

    expect(authenticator.seen).toHaveLength(1);
    expect(decisions.codes).toEqual(['CANCELLED', 'CANCELLED']);
    expect(admission.counts.authentication).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  it('while its certificate is made frees its slot, though the issuer does not listen', async () => {
    const { call, clock, issuer, admission, codes } = setUp({ working: 1 });
    issuer.hang();
    const running = call();
    await clock.advance(0);
    running.cancel();
    await clock.advance(0);

    expect(admission.counts.work.inFlight).toBe(0);
    expect(codes).toEqual([cancelled]);
  });
});

describe('a call that ended before its message was here', () => {
  it('is accounted with its peer, and the client is told the id', () => {
    const { decisions, service } = setUp();
    const error = new RaError('REQUEST_MALFORMED', 'no message', { reason: 'message_too_large' });

    const answer = service.refuseUnread('::ffff:10.0.0.1:4000', error);

    expect(decisions.outcomes).toMatchObject([
      { kind: 'refused', error, decision: { facts: { peer: '10.0.0.1:4000' } } },
    ]);
    const requestId = decisions.outcomes[0]?.decision.requestId ?? 'none';
    expect(answer).toEqual({ code: 3, details: `request rejected (request ${requestId})` });
  });
});
