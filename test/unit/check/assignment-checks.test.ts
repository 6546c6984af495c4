import { describe, expect, it } from '@jest/globals';
import { judgeAssignments } from '../../../src/check/checks/assignments.ts';
import { judgePods } from '../../../src/check/checks/pods-injected-signer.ts';
import { readInjectedPod } from '../../../src/check/injected-pod.ts';
import { aWorld } from '../authz/a-world.ts';
import type { AWorld } from '../authz/a-world.ts';

const cluster = 'Kubernetes';

function world(given: AWorld = {}) {
  return { ...aWorld(given), namespaceLabels: () => ({}) };
}

function pod(certSigner: string, change: object = {}) {
  const podInFoo = { namespace: 'foo', name: 'httpbin-1', serviceAccount: 'httpbin', labels: {} };
  return { isWhole: true, pods: [{ ...podInFoo, certSigner, ...change }] };
}

const fooByConfig = { proxyConfigs: [{ namespace: 'foo', names: 'foo' }] };
const boundToBar = `
rules:
  - name: only-bar
    match: { namespaces: [bar] }
    signers: [foo]
    exclusive: true
`;

describe('judgeAssignments', () => {
  it('counts the namespaces with a signer, and takes none for no mistake', () => {
    expect(judgeAssignments(world(fooByConfig), ['foo', 'kube-system'], cluster)).toEqual({
      kind: 'ok',
      text: '1 of 2 namespaces have a signer, the others none',
    });
  });

  it('says which rule a ProxyConfig runs into', () => {
    const judged = judgeAssignments(
      world({ ...fooByConfig, policy: boundToBar }),
      ['foo'],
      cluster,
    );
    expect(judged).toMatchObject({
      kind: 'failed',
      text: expect.stringContaining('foo: rule only-bar'),
    });
  });
});

describe('judgePods', () => {
  it('is content with a pod that asks for what it gets', () => {
    expect(judgePods(pod('foo'), world(fooByConfig), cluster).kind).toBe('ok');
    expect(judgePods(pod(''), world(fooByConfig), cluster).kind).toBe('ok');
  });

  it('finds the pod that will be refused', () => {
    expect(judgePods(pod('bar'), world(fooByConfig), cluster)).toMatchObject({
      text: expect.stringContaining('foo/httpbin-1 asks for bar'),
    });
  });

  it('warns of the pod that gets another signer than it asks for', () => {
    const given = { ...fooByConfig, meshDefault: 'istio-system' };
    expect(judgePods(pod('istio-system'), world(given), cluster)).toMatchObject({
      kind: 'failed',
      severity: 'warning',
    });
  });

  it('finds the pod that asks for none and is given none', () => {
    expect(judgePods(pod(''), world(), cluster)).toMatchObject({
      text: expect.stringContaining('no_default_signer'),
    });
  });

  it('admits that it has not seen all', () => {
    const some = { ...pod('foo'), isWhole: false };
    expect(judgePods(some, world(fooByConfig), cluster)).toMatchObject({
      text: expect.stringContaining('there are more'),
    });
  });
});

describe('readInjectedPod', () => {
  const agent = { name: 'istio-proxy', env: [{ name: 'ISTIO_META_CERT_SIGNER', value: 'foo' }] };
  const metadata = { namespace: 'foo', name: 'a', labels: { app: 'a' } };

  it.each([['containers'], ['initContainers']])('finds the agent among the %s', (kind) => {
    const read = readInjectedPod({ metadata, spec: { [kind]: [{ name: 'app' }, agent] } });
    expect(read).toEqual({
      ...{ namespace: 'foo', name: 'a', serviceAccount: 'default' },
      ...{ labels: { app: 'a' }, certSigner: 'foo' },
    });
  });

  it('passes over pods without an agent, and those that are over', () => {
    expect(readInjectedPod({ metadata, spec: { containers: [{ name: 'app' }] } })).toBeUndefined();
    const over = { metadata, spec: { containers: [agent] }, status: { phase: 'Succeeded' } };
    expect(readInjectedPod(over)).toBeUndefined();
  });
});
