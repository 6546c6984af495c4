import { describe, expect, it } from '@jest/globals';
import { apiError } from '../../support/fake-signing-requests.ts';
import { name, SignerBench } from './signer-bench.ts';

describe('BackendSigner', () => {
  it('creates, approves, waits for the watch and removes', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    expect(bench.requests.objects.get(name)).toMatchObject({
      signerName: 'clusterissuers.cert-manager.io/foo',
      usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
      expirationSeconds: 3600,
      labels: { 'app.kubernetes.io/managed-by': 'istio-ra', 'istio-ra/replica': 'replica-1' },
      annotations: { 'istio-ra/identity': 'spiffe://cluster.local/ns/foo/sa/httpbin' },
      conditions: [{ type: 'Approved', status: 'True', reason: 'IstioRegistrationAuthority' }],
    });
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    await bench.deletions.drained();
    expect(bench.requests.calls).toEqual(['create', 'approve', 'remove']);
    expect(bench.requests.objects.size).toBe(0);
    expect(bench.feed.waiting).toBe(0);
  });

  it('F24: does not miss a certificate that came before the wait began', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('approve', { kind: 'answer_lost' });
    const { result } = await bench.sign();
    bench.feed.put(bench.requests.setCertificate(name, 'EARLY'));
    await bench.clock.advance(1_000);
    await expect(result).resolves.toBe('EARLY');
  });

  it.each([
    ['Denied', 'SIGNING_DENIED'],
    ['Failed', 'SIGNING_FAILED'],
  ])('F25, F26: ends at once when the request is %s, with the reason', async (type, code) => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    const condition = { type, status: 'True', reason: 'Because', message: 'policy says no' };
    bench.feed.put(bench.requests.addCondition(name, condition));
    await expect(result).rejects.toMatchObject({
      code,
      message: expect.stringContaining('policy says no') as unknown,
      fields: { conditionReason: 'Because' },
    });
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });

  it('never uses a certificate beside a refusal', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    bench.requests.addCondition(name, { type: 'Failed', status: 'True' });
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).rejects.toMatchObject({ code: 'SIGNING_FAILED' });
  });

  it('ends at once when the object is deleted', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    const object = bench.requests.objects.get(name);
    bench.feed.gone({ name, uid: object?.uid ?? '' });
    await expect(result).rejects.toMatchObject({ code: 'SIGNING_INTERRUPTED', reason: 'deleted' });
  });

  it('is not ended by the deletion of another object of the same name', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    bench.feed.gone({ name, uid: 'somebody-else' });
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
  });

  it("stops waiting with the signal's reason and removes the object", async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    const gone = new Error('client gone');
    bench.client.abort(gone);
    await expect(result).rejects.toBe(gone);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });

  it('F8: finds its own object when the answer to create was lost', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('create', { kind: 'answer_lost' });
    const { result } = await bench.sign();
    await bench.clock.advance(1_000);
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    expect(bench.requests.calls).toEqual(['create', 'create', 'read', 'approve', 'remove']);
  });

  it('F6: leaves nothing behind when a create that seemed to fail had worked', async () => {
    const bench = await SignerBench.make();
    const lost = { kind: 'answer_lost' } as const;
    const fails = { kind: 'fails', error: apiError(503) } as const;
    bench.requests.disturb('create', lost, fails, fails, fails);
    const { result } = await bench.sign();
    await bench.clock.advance(5_000);
    await expect(result).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      reason: 'create_503',
    });
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });

  it('F8: removes an object that appears only after the client has gone', async () => {
    const bench = await SignerBench.make();
    bench.requests.disturb('create', { kind: 'hangs' });
    const { result } = await bench.sign();
    bench.client.abort(new Error('client gone'));
    await expect(result).rejects.toThrow('client gone');
    await bench.requests.create(
      {
        name,
        labels: {},
        annotations: { 'istio-ra/request-id': 'r1' },
        signerName: 's',
        requestPem: '',
        usages: [],
        expirationSeconds: 600,
      },
      new AbortController().signal,
    );
    await bench.clock.advance(2_000);
    await bench.deletions.drained();
    expect(bench.requests.objects.size).toBe(0);
  });

  it.each([
    [403, 'KUBERNETES_FORBIDDEN'],
    [422, 'KUBERNETES_REFUSED'],
  ])('F10: does not try a create again that was answered with %d', async (status, code) => {
    const bench = await SignerBench.make();
    bench.requests.disturb('create', { kind: 'fails', error: apiError(status) });
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({ code });
    expect(bench.requests.calls.filter((call) => call === 'create')).toHaveLength(1);
  });

  it('never approves an object that was changed on its way into the API', async () => {
    const bench = await SignerBench.make();
    bench.requests.mutate = (object) => ({
      ...object,
      signerName: 'clusterissuers.cert-manager.io/bar',
    });
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({
      code: 'KUBERNETES_REFUSED',
      reason: 'created_object_differs',
    });
    expect(bench.requests.calls).not.toContain('approve');
  });

  it('never approves an object that was made in the name of another account', async () => {
    const bench = await SignerBench.make();
    bench.requests.creator = 'system:serviceaccount:evil:evil';
    const { result } = await bench.sign();
    await expect(result).rejects.toMatchObject({ reason: 'created_object_differs' });
    expect(bench.requests.calls).not.toContain('approve');
  });

  it('F19: asks by one list when the watch has been silent for two seconds', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    bench.requests.setCertificate(name, 'PEM');
    await bench.clock.advance(2_000);
    await expect(result).resolves.toBe('PEM');
    expect(bench.requests.calls.filter((call) => call === 'list')).toHaveLength(1);
  });

  it('F22: is not put back by events that come late or twice', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    const approved = bench.requests.objects.get(name);
    if (approved === undefined) throw new Error('no object');
    bench.feed.put(approved);
    bench.feed.put(approved);
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    bench.feed.put(approved);
    await expect(result).resolves.toBe('PEM');
  });

  it('F42: tries a removal again until it works', async () => {
    const bench = await SignerBench.make();
    const fails = { kind: 'fails', error: apiError(500) } as const;
    bench.requests.disturb('remove', fails, fails);
    const { result } = await bench.sign();
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await expect(result).resolves.toBe('PEM');
    await bench.clock.advance(5_000);
    expect(bench.requests.objects.size).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const bench = await SignerBench.make();
    const { result } = await bench.sign();
    bench.feed.put(bench.requests.setCertificate(name, 'PEM'));
    await result;
    await bench.deletions.drained();
    await bench.feed.stop();
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
