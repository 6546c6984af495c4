import { describe, expect, it } from '@jest/globals';
import { Explainer } from '../../../src/debug/explainer.ts';
import type { ExplainerOptions, ExplainQuestion } from '../../../src/debug/explainer.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import type { Pod } from '../../../src/kube/objects.ts';
import { Decision } from '../../../src/ra/decision.ts';
import { KnownIssuers } from '../../../src/ra/known-issuers.ts';
import { RecentDecisions } from '../../../src/ra/recent-decisions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aWorld, signer } from '../authz/a-world.ts';
import type { AWorld } from '../authz/a-world.ts';

const fooConfig = { namespace: 'foo', names: 'foo' };
const httpbin: ExplainQuestion = {
  ...{ namespace: 'foo', serviceAccount: 'httpbin', ttlSeconds: 0 },
  ...{ signer: undefined, pod: undefined, nodeAgent: undefined },
};

function anExplainer(world: AWorld = {}, change: Partial<ExplainerOptions> = {}) {
  const clock = new FakeClock();
  const log = { issued: () => Promise.resolve(), refused: () => undefined };
  const recent = new RecentDecisions(log, () => clock.now());
  const current = { ...aWorld(world), namespaceLabels: () => undefined };
  const explainer = new Explainer({
    config: {
      approval: 'self',
      cluster: { id: 'Kubernetes', aliases: [] },
      lifetime: { defaultTtlSeconds: 86_400, maxTtlSeconds: 90_000 },
      trustedNodeAccounts: [{ namespace: 'istio-system', serviceAccount: 'ztunnel' }],
    },
    inputSource: { current: () => current },
    podLookup: { read: () => Promise.resolve(undefined), listOnNode: () => Promise.resolve([]) },
    accessReviews: { can: () => Promise.resolve(true) },
    describeIssuer: undefined,
    ...{ recent, issuers: new KnownIssuers(), clock },
    ...change,
  });
  return { explainer, clock, recent };
}

describe('an explanation', () => {
  it('names the signer, its source and what the workload would trust', async () => {
    const { explainer } = anExplainer({ proxyConfigs: [fooConfig] });
    const explanation = await explainer.explain(httpbin);

    expect(explanation).toMatchObject({
      identity: 'spiffe://cluster.local/ns/foo/sa/httpbin',
      verdict: {
        kind: 'granted',
        signer: signer('foo'),
        assignedBy: 'ProxyConfig foo/pc (namespace)',
      },
      lifetime: { seconds: 86_400 },
      mayApprove: true,
    });
    expect(explanation.roots).toMatchObject([{ subject: 'CN=root', key: 'EC P-256' }]);
  });

  it('names the object, and its version, that decides', async () => {
    const { explainer } = anExplainer({ proxyConfigs: [fooConfig] });
    const { steps } = await explainer.explain(httpbin);

    expect(steps.find(({ verdict }) => verdict === 'won')).toMatchObject({
      source: 'ProxyConfig foo/pc (namespace)',
      resourceVersion: '7',
    });
  });

  it('says why a wish is refused', async () => {
    const { explainer } = anExplainer({ proxyConfigs: [fooConfig] });

    expect(await explainer.explain({ ...httpbin, signer: 'bar' })).toMatchObject({
      verdict: { kind: 'refused', code: 'SIGNER_REFUSED', reason: 'signer_not_assigned' },
      roots: [],
    });
  });

  it('is a refusal where the assigned signer has no root', async () => {
    const settings = { defaultSigner: signer('rootless') };
    const { explainer } = anExplainer({ settings });

    expect(await explainer.explain(httpbin)).toMatchObject({
      verdict: { kind: 'refused', code: 'SIGNER_WITHOUT_ROOT' },
    });
  });

  it.each([
    [3_600, { seconds: 3_600 }],
    [1_000_000, { refused: 'a validity over 90000 s was asked for' }],
    [60, { refused: 'a validity under 600 s was asked for' }],
  ])('tells what becomes of a wish for %s seconds', async (ttlSeconds, lifetime) => {
    const { explainer } = anExplainer({ proxyConfigs: [fooConfig] });

    expect((await explainer.explain({ ...httpbin, ttlSeconds })).lifetime).toEqual(lifetime);
  });

  it.each([
    ['istio-system/ztunnel', true],
    ['foo/ztunnel', false],
  ])('tells of node agent %s whether it is trusted', async (nodeAgent, trusted) => {
    const { explainer } = anExplainer({ proxyConfigs: [fooConfig] });
    const explanation = await explainer.explain({ ...httpbin, nodeAgent });

    expect(explanation.nodeAgent).toEqual({ account: nodeAgent, trusted });
  });

  it('heeds the labels of the pod that is named', async () => {
    const selective = { namespace: 'foo', names: 'bar', selects: { app: 'special' } };
    const pod = { labels: { app: 'special' } } as unknown as Pod;
    const podLookup = {
      read: (namespace: string, name: string) =>
        Promise.resolve(namespace === 'foo' && name === 'special-1' ? pod : undefined),
      listOnNode: () => Promise.resolve([]),
    };
    const { explainer } = anExplainer({ proxyConfigs: [selective] }, { podLookup });

    expect(await explainer.explain({ ...httpbin, pod: 'special-1' })).toMatchObject({
      verdict: { signer: signer('bar') },
    });
    await expect(explainer.explain({ ...httpbin, pod: 'special-2' })).rejects.toMatchObject({
      code: 'REQUEST_MALFORMED',
    });
  });

  it('tells the last refusals of the identity', async () => {
    const { explainer, clock, recent } = anExplainer({ proxyConfigs: [fooConfig] });
    const decision = new Decision('r1', clock);
    decision.note({ caller: 'spiffe://cluster.local/ns/foo/sa/httpbin' });
    recent.refused(decision, new RaError('SIGNER_REFUSED', 'no'));
    const { recentRefusals } = await explainer.explain(httpbin);

    expect(recentRefusals.map(({ requestId }) => requestId)).toEqual(['r1']);
  });

  it('tells how the issuer is, or that it cannot be known', async () => {
    const says = anExplainer(
      { proxyConfigs: [fooConfig] },
      { describeIssuer: (name) => Promise.resolve(`${name} is ready`) },
    );
    const fails = anExplainer(
      { proxyConfigs: [fooConfig] },
      { describeIssuer: () => Promise.reject(new RaError('NOT_READY', 'no answer')) },
    );

    expect((await says.explainer.explain(httpbin)).issuer).toBe(`${signer('foo')} is ready`);
    expect((await fails.explainer.explain(httpbin)).issuer).toBe('not known: no answer');
  });

  it('does not ask whether we may approve where others do', async () => {
    const asked: string[] = [];
    const can = ({ verb }: { readonly verb: string }): Promise<boolean> => {
      asked.push(verb);
      return Promise.resolve(true);
    };
    const config = {
      approval: 'external',
      cluster: { id: 'Kubernetes', aliases: [] },
      lifetime: { defaultTtlSeconds: 86_400, maxTtlSeconds: 86_400 },
      trustedNodeAccounts: [],
    } as const;
    const world = { proxyConfigs: [fooConfig] };
    const { explainer } = anExplainer(world, { config, accessReviews: { can } });

    expect(await explainer.explain(httpbin)).not.toHaveProperty('mayApprove');
    expect(asked).toEqual([]);
  });

  it.each([
    ['a.b', 'httpbin'],
    ['foo', 'a..b'],
  ])('is not made for what cannot be a workload: %s/%s', async (namespace, serviceAccount) => {
    const { explainer } = anExplainer();

    await expect(
      explainer.explain({ ...httpbin, namespace, serviceAccount }),
    ).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' });
  });

  it('does not wait longer than five seconds for the API', async () => {
    const never = (_: unknown, signal: AbortSignal): Promise<boolean> =>
      new Promise((__, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const read = (_: string, __: string, signal: AbortSignal): Promise<undefined> =>
      never(undefined, signal).then(() => undefined);
    const podLookup = { read, listOnNode: () => Promise.resolve([]) };
    const { explainer, clock } = anExplainer({}, { podLookup });
    const asking = explainer.explain({ ...httpbin, pod: 'httpbin-1' });
    const [ended] = await Promise.all([Promise.allSettled([asking]), clock.advance(5_000)]);

    expect(ended).toMatchObject([{ status: 'rejected', reason: { code: 'NOT_READY' } }]);
    expect(clock.pendingTimers).toBe(0);
  });
});
