import { describe, expect, it } from '@jest/globals';
import { judgeServer } from '../../../src/check/checks/api-reachable.ts';
import { judgeFeature } from '../../../src/check/checks/cert-manager-csr-feature.ts';
import { judgePresence } from '../../../src/check/checks/cert-manager-present.ts';
import { judgeSkew } from '../../../src/check/checks/clock-skew.ts';
import { judgeClusterId } from '../../../src/check/checks/cluster-id.ts';
import { judgeInjection } from '../../../src/check/checks/injection-root-volume.ts';
import { judgeIssuer } from '../../../src/check/checks/issuers-ready.ts';
import { judgeCaServer } from '../../../src/check/checks/istiod-ca-server.ts';
import { judgeMultiroot } from '../../../src/check/checks/multiroot-mesh.ts';
import { judgeReview } from '../../../src/check/checks/token-audience.ts';
import { judgeVersions } from '../../../src/check/checks/versions.ts';
import { judgeNodeAgents } from '../../../src/check/checks/ztunnel-account.ts';
import { readControlPlaneWorkload } from '../../../src/check/control-plane-workload.ts';
import { knownFact, unknownFact } from '../../../src/check/fact.ts';
import type { IssuerStatus } from '../../../src/kube/issuers.ts';

const place = { namespace: 'istio-system', name: 'istiod' };
const signer = 'clusterissuers.cert-manager.io/foo';

function istiod(env: Readonly<Record<string, string>>) {
  return [{ ...place, env }];
}

function controller(...args: readonly string[]) {
  return [{ namespace: 'cert-manager', name: 'cert-manager', args }];
}

const issuer: IssuerStatus = {
  ...{ kind: 'clusterissuers' as const, namespace: undefined, name: 'foo' },
  ...{ ready: 'True' as const, reason: 'KeyPairVerified', message: '' },
};

describe('each check of what is around us', () => {
  it.each([
    ['a server that answers', judgeServer(knownFact({ version: 'v1.34.1', clockSkewMs: 0 })), 'ok'],
    ['a server that is away', judgeServer(unknownFact('refused', true)), 'failed'],
    ['a Kubernetes of today', judgeVersions('v1.34.1', []), 'ok'],
    ['the oldest Kubernetes that will do', judgeVersions('v1.22.0', []), 'ok'],
    ['a Kubernetes without lifetimes', judgeVersions('v1.21.14+k3s1', []), 'failed'],
    ['clocks that agree', judgeSkew(-900), 'ok'],
    ['clocks that were not compared', judgeSkew(undefined), 'skipped'],
    ['the cluster id of istiod', judgeClusterId(istiod({ CLUSTER_ID: 'a' }), ids('a')), 'ok'],
    ['an alias', judgeClusterId(istiod({ CLUSTER_ID: 'b' }), ids('a', 'b')), 'ok'],
    ['another cluster id', judgeClusterId(istiod({ CLUSTER_ID: 'b' }), ids('a')), 'failed'],
    ['an istiod that tells no id', judgeClusterId(istiod({}), ids('a')), 'skipped'],
    ['an istiod that does not sign', judgeCaServer(istiod({ ENABLE_CA_SERVER: 'false' })), 'ok'],
    ['an istiod by default', judgeCaServer(istiod({})), 'failed'],
    ['no istiod', judgeCaServer([]), 'skipped'],
    ['roots kept apart', judgeMultiroot(istiod({})), 'ok'],
    ['roots for all', judgeMultiroot(istiod({ ISTIO_MULTIROOT_MESH: 'TRUE' })), 'failed'],
    ['the provider istiod', judgeInjection('{"global":{"pilotCertProvider":"istiod"}}'), 'ok'],
    ['another', judgeInjection('{"global":{"pilotCertProvider":"k8s.io/a.b/c"}}'), 'failed'],
    ['no injector', judgeInjection(''), 'skipped'],
    ['no ztunnel', judgeNodeAgents([], []), 'skipped'],
    ['signers of others', judgePresence(['other.example/foo'], () => false), 'skipped'],
    ['cert-manager', judgePresence([signer], () => true), 'ok'],
    ['no cert-manager', judgePresence([signer], () => false), 'failed'],
    ['an issuer that is ready', judgeIssuer(signer, issuer), 'ok'],
    ['a signer without issuer', judgeIssuer('a.b/c', undefined), 'skipped'],
    ['a token that is good', judgeReview(review(true, 'istio-ca'), 'istio-ca'), 'ok'],
    ['a token for others', judgeReview(review(true, 'other'), 'istio-ca'), 'failed'],
    ['a token that is not known', judgeReview(review(false), 'istio-ca'), 'failed'],
  ])('judges %s', (_what, verdict, kind) => {
    expect(verdict.kind).toBe(kind);
  });

  it.each([
    [61_000, 'warning'],
    [-301_000, 'error'],
  ])('makes of clocks that differ by %d ms a %s', (skewMs, severity) => {
    expect(judgeSkew(skewMs)).toMatchObject({ kind: 'failed', severity });
  });

  it('quotes an issuer that is not ready', () => {
    const sad = {
      ...issuer,
      ready: 'False',
      reason: 'ErrGetKeyPair',
      message: 'no secret',
    } as const;
    expect(judgeIssuer(signer, sad)).toMatchObject({
      text: 'clusterissuers/foo is not ready: ErrGetKeyPair: no secret',
    });
  });

  it('says which accounts ztunnel runs as, and how to trust them', () => {
    const agents = [{ namespace: 'kube-system', serviceAccount: 'ztunnel' }];
    const trusted = [{ namespace: 'istio-system', serviceAccount: 'ztunnel' }];
    expect(judgeNodeAgents(agents, trusted)).toMatchObject({
      fix: 'set CA_TRUSTED_NODE_ACCOUNTS=istio-system/ztunnel,kube-system/ztunnel',
    });
    expect(judgeNodeAgents(agents, agents).kind).toBe('ok');
  });
});

describe('judgeFeature', () => {
  const gate = 'ExperimentalCertificateSigningRequestControllers';

  it.each([
    ['the gate', [`--feature-gates=Other=false,${gate}=true`], 'ok'],
    ['all gates', ['--feature-gates=AllAlpha=true'], 'ok'],
    ['the gate off though all are on', [`--feature-gates=AllAlpha=true,${gate}=false`], 'failed'],
    ['nothing', ['--v=2'], 'failed'],
    ['a configuration file', ['--config=/etc/c.yaml'], 'skipped'],
  ])('judges a controller with %s', (_what, args, kind) => {
    expect(judgeFeature(controller(...args)).kind).toBe(kind);
  });

  it('cannot tell without a controller', () => {
    expect(judgeFeature([]).kind).toBe('skipped');
  });
});

describe('readControlPlaneWorkload', () => {
  it('takes the last of two variables of one name, and none from elsewhere', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
      { name: 'B', valueFrom: { fieldRef: {} } },
    ];
    const containers = [{ name: 'discovery', image: 'pilot:1.30.0', args: ['discovery'], env }];
    const read = readControlPlaneWorkload({
      metadata: place,
      spec: { template: { spec: { containers, serviceAccountName: 'istiod' } } },
    });
    expect(read).toMatchObject({ ...place, env: { A: '2' }, images: ['pilot:1.30.0'] });
    expect(Object.keys(read.env)).toEqual(['A']);
  });

  it('makes of an object that is none one with nothing in it', () => {
    expect(readControlPlaneWorkload('nonsense')).toMatchObject({ env: {}, args: [] });
  });
});

function ids(id: string, ...aliases: readonly string[]) {
  return { id, aliases };
}

function review(authenticated: boolean, ...audiences: readonly string[]) {
  return { authenticated, audiences, error: undefined };
}
