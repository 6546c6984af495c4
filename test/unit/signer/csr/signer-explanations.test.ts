import { beforeEach, describe, expect, it } from '@jest/globals';
import { KubernetesSignerExplanations } from '../../../../src/signer/csr/signer-explanations.ts';
import type { IssuerStatus } from '../../../../src/kube/issuers.ts';
import type { SigningRequest } from '../../../../src/kube/signing-requests.ts';
import { FakeSigningRequests } from '../../../support/fake-signing-requests.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

const never = new AbortController().signal;
const notReady: IssuerStatus = {
  kind: 'clusterissuers',
  namespace: undefined,
  name: 'foo',
  ready: 'False',
  reason: 'ErrGetKeyPair',
  message: 'no such secret',
};

let log: RecordingLogger;
let request: SigningRequest;

beforeEach(async () => {
  log = new RecordingLogger();
  request = await new FakeSigningRequests().create(
    {
      name: 'ra-1',
      labels: {},
      annotations: {},
      signerName: 'clusterissuers.cert-manager.io/foo',
      requestPem: '',
      usages: [],
      expirationSeconds: 3600,
    },
    never,
  );
});

function explain(
  issuer: IssuerStatus | undefined | Error,
  event: string | undefined | Error,
): Promise<string | undefined> {
  const given = <T>(value: T | Error): Promise<T> =>
    value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
  const explanations = new KubernetesSignerExplanations({
    issuers: { read: () => given(issuer) },
    events: { latest: () => given(event) },
    log,
  });
  return explanations.explain(request, never);
}

describe('why a signer is silent', () => {
  it('is told by its issuer and by the newest event', async () => {
    await expect(explain(notReady, 'Pending: waiting for approval')).resolves.toBe(
      'issuer clusterissuers/foo is not ready: ErrGetKeyPair: no such secret; ' +
        'Pending: waiting for approval',
    );
  });

  it.each<[string, Partial<IssuerStatus>, string | undefined]>([
    ['nothing where it is ready', { ready: 'True' }, undefined],
    [
      'no reason where it gives none',
      { reason: '', message: '' },
      'issuer clusterissuers/foo is not ready',
    ],
    ['that it is absent', { reason: 'NotFound' }, 'issuer clusterissuers/foo does not exist'],
    [
      'its namespace where it has one',
      { kind: 'issuers', namespace: 'team-a', reason: 'NotFound' },
      'issuer issuers/team-a/foo does not exist',
    ],
  ])('tells of the issuer %s', async (_what, change, told) => {
    await expect(explain({ ...notReady, ...change }, undefined)).resolves.toBe(told);
  });

  it('is unknown where neither says anything', async () => {
    await expect(explain(undefined, undefined)).resolves.toBeUndefined();
  });

  it('is told by one where the other may not be read, which only the debug log hears', async () => {
    await expect(explain(new Error('forbidden'), 'Failed: x')).resolves.toBe('Failed: x');
    await expect(explain(notReady, new Error('forbidden'))).resolves.toContain('ErrGetKeyPair');
    expect(log.lines.map(({ level }) => level)).toEqual(['debug', 'debug']);
  });

  it('is told in few words, of which none can break a log line', async () => {
    const told = await explain({ ...notReady, message: '\n'.repeat(500) }, 'x'.repeat(5_000));
    expect(told?.length).toBeLessThan(300);
    expect(told).not.toContain('\n');
  });
});
