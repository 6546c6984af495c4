import { describe, expect, it } from '@jest/globals';
import type { NodeAuthorizer } from '../../../src/authz/granted-identity.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { parseSpiffeId } from '../../../src/pki/spiffe-id.ts';
import { CertificateService } from '../../../src/server/certificate-service.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { FakeCall } from './support/fake-call.ts';
import type { FakeCallOptions } from './support/fake-call.ts';
import {
  chainElements,
  FakeAuthenticator,
  FakeIssuer,
  RecordingDecisions,
} from './support/fakes.ts';

interface Answer {
  readonly error: { readonly code?: number; readonly details?: string } | null;
  readonly chain: readonly string[] | undefined;
}

function setUp(options: { readonly nodeAuthorizer?: NodeAuthorizer } = {}) {
  const [authenticator, issuer] = [new FakeAuthenticator(), new FakeIssuer()];
  const [decisions, log, clock] = [
    new RecordingDecisions(),
    new RecordingLogger(),
    new FakeClock(),
  ];
  const parts = { authenticator, issuer, decisions, log, clock };
  const service = new CertificateService({ ...parts, ...options, budgetMs: 60_000 });
  const answers: Answer[] = [];
  const call = (callOptions: FakeCallOptions = {}): FakeCall => {
    const fake = new FakeCall(callOptions);
    void service.createCertificate(fake.asCall, (error, response) => {
      answers.push({ error, chain: response?.cert_chain });
    });
    return fake;
  };
  return { ...parts, service, answers, call };
}

function impersonating(id: string): FakeCallOptions {
  const metadata = { fields: { ImpersonatedIdentity: { stringValue: id } } };
  return { request: { metadata } };
}

describe('CertificateService', () => {
  it('answers with the chain and accounts it as issued', async () => {
    const { answers, call, decisions, service } = setUp();
    call();
    await settle();

    expect(answers).toEqual([{ error: null, chain: chainElements }]);
    expect(decisions.codes).toEqual(['issued']);
    expect(service.inFlight).toBe(0);
  });

  it('accounts before it answers', async () => {
    const { service, decisions } = setUp();
    let accounted = -1;
    await service.createCertificate(new FakeCall().asCall, () => {
      accounted = decisions.outcomes.length;
    });

    expect(accounted).toBe(1);
  });

  it('leaves no timer behind', async () => {
    const { call, clock } = setUp();
    call();
    await settle();

    expect(clock.pendingTimers).toBe(0);
  });

  it('says who asks before it looks at the request', async () => {
    const { answers, call } = setUp();
    const metadata = { fields: { CertSigner: { numberValue: 1 } } };
    call({ headers: {}, request: { metadata } });
    await settle();

    expect(answers[0]?.error?.code).toBe(16);
  });

  it('asks the node authorizer for an impersonated identity', async () => {
    const authorize: NodeAuthorizer['authorize'] = (_caller, id) =>
      Promise.resolve({ id: parseSpiffeId(id), pods: [] });
    const { call, issuer } = setUp({ nodeAuthorizer: { authorize } });
    call(impersonating('spiffe://cluster.local/ns/bar/sa/sleep'));
    await settle();

    expect(issuer.seen[0]?.request.identity.id.serviceAccount).toBe('sleep');
  });

  it('accounts and answers once when the client cancels and the issuer then succeeds', async () => {
    const { answers, call, decisions, issuer } = setUp();
    let finish = (): void => undefined;
    issuer.behave = () =>
      new Promise((resolve) => {
        finish = () => void issuer.succeed().then(resolve);
      });
    const running = call();
    await settle();
    running.cancel();
    await settle();
    finish();
    await settle();

    expect(decisions.codes).toEqual(['CANCELLED']);
    expect(answers).toHaveLength(1);
  });

  it('passes the abort on to the authenticator', async () => {
    const { authenticator, call, decisions } = setUp();
    authenticator.behave = () => new Promise(() => undefined);
    const running = call();
    await settle();
    running.cancel();
    await settle();

    expect(decisions.codes).toEqual(['CANCELLED']);
  });

  it('ends an issuer that does not listen on the budget', async () => {
    const { answers, call, clock, decisions, issuer, service } = setUp();
    issuer.hang();
    call();
    await clock.advance(59_999);
    expect(service.inFlight).toBe(1);
    await clock.advance(1);

    expect(decisions.codes).toEqual(['SIGNER_TIMEOUT']);
    expect(answers[0]?.error?.code).toBe(14);
    expect(service.inFlight).toBe(0);
  });

  it('ends all calls with NOT_READY when interrupted', async () => {
    const { answers, call, decisions, issuer, service } = setUp();
    issuer.hang();
    call();
    call();
    await settle();
    service.interrupt();
    await settle();

    expect(decisions.codes).toEqual(['NOT_READY', 'NOT_READY']);
    expect(answers.map(({ error }) => error?.code)).toEqual([14, 14]);
  });

  it.each([['a string'], [undefined], [null], [new TypeError('x')], [{ code: 3 }]])(
    'answers INTERNAL for a thrown %p',
    async (thrown) => {
      const { answers, call, decisions, issuer } = setUp();
      issuer.fail(thrown);
      call();
      await settle();

      expect(decisions.codes).toEqual(['INTERNAL']);
      expect(answers[0]?.error?.code).toBe(13);
    },
  );

  it('gives no certificate that it could not account', async () => {
    const { answers, call, decisions, log } = setUp();
    decisions.issued = () => {
      throw new RaError('INTERNAL', 'the disk is full');
    };
    call();
    await settle();

    expect(answers).toMatchObject([{ error: { code: 13 }, chain: undefined }]);
    expect(log.lines).toMatchObject([{ level: 'error' }]);
  });

  it('never rejects, not even when answering throws', async () => {
    const { service, decisions, log } = setUp();
    const respond = (): void => {
      throw new Error('the stream is gone');
    };

    await expect(
      service.createCertificate(new FakeCall().asCall, respond),
    ).resolves.toBeUndefined();
    expect(decisions.codes).toEqual(['issued']);
    expect(log.lines).toMatchObject([{ level: 'error' }]);
  });
});
