import { describe, expect, it } from '@jest/globals';
import { refusalOf, twoTenants } from '../support/chart.ts';

const { app } = twoTenants;

describe('the chart refuses', () => {
  it.each([
    ['an unknown mode', { mode: 'besides' }, "at '/mode'"],
    ['a value that it does not know', { replicas: 3 }, "'replicas' not allowed"],
    ['one that it does not know further down', { app: { signer: 'foo' } }, "'signer' not allowed"],
    ['a signer with a wildcard', { app: { signers: ['*'] } }, "at '/app/signers/0'"],
    ['a domain’s every signer', { app: { signers: ['x.example/*'] } }, "at '/app/signers/0'"],
    ['a duration without a unit', { app: { lifetimes: { max: '48' } } }, "at '/app/lifetimes/max'"],
    ['a digest that is none', { image: { digest: 'latest' } }, "at '/image/digest'"],
    ['a node account without namespace', { app: { trustedNodeAccounts: ['ztunnel'] } }, "'/app/"],
    [
      'a policy that istio-ra would refuse',
      { app: { signerPolicy: { rules: [{ name: 'a', match: {}, signers: [] }] } } },
      "at '/app/signerPolicy",
    ],
    [
      'mode front without an istiod behind it',
      { mode: 'front' },
      'install it with a revision and set app.revision to that',
    ],
    [
      'mode front before itself',
      { mode: 'front', front: { upstreamHost: 'istiod.istio-system.svc' } },
      'install the real istiod with a revision',
    ],
    [
      'mode front before the istiod of the default revision',
      { mode: 'front', app: { ...app, revision: 'default' } },
      'install it with a revision and set app.revision to that',
    ],
    [
      'mode front before itself by a revision',
      { mode: 'front', app: { ...app, revision: 'a' }, front: { service: { name: 'istiod-a' } } },
      'calls would go round in a circle',
    ],
    [
      'an istiod behind it in another mode',
      { front: { upstreamHost: 'istiod-real' } },
      'set mode to front, or leave it out',
    ],
    [
      'istiod’s certificate without a signer',
      { app: { istiodTls: { enabled: true } } },
      'needs app.servingCertificate.signer',
    ],
    [
      'istiod’s certificate where there is none',
      { mode: 'alone', app: { ...app, istiodTls: { enabled: true } } },
      'set mode to beside or front',
    ],
    [
      'two mesh configs',
      { app: { meshConfig: { inline: { trustDomain: 'a.example' }, configMap: 'mesh' } } },
      'app.meshConfig.inline and app.meshConfig.configMap exclude each other',
    ],
    [
      'a short name without a domain',
      { app: { signerDomain: '', defaultSigner: 'a.example/b', signers: ['foo'] } },
      'signer "foo" is a short name, which needs app.signerDomain',
    ],
    [
      'no way to name a signer',
      { app: { signerDomain: '' } },
      'set app.signerDomain or app.defaultSigner',
    ],
    [
      'an Issuer without its namespace',
      { app: { signers: ['issuers.cert-manager.io/own'] } },
      'write issuers.cert-manager.io/<namespace>.<issuer>',
    ],
    [
      'a budget of two kinds',
      { podDisruptionBudget: { enabled: true, minAvailable: 1, maxUnavailable: 1 } },
      'minAvailable and maxUnavailable exclude each other',
    ],
    [
      'a scale upside down',
      { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } },
      'minReplicas is more than maxReplicas',
    ],
    [
      'memory that it cannot read',
      { resources: { limits: { memory: '1 GB' } } },
      'write it as 512Mi or 1Gi',
    ],
  ])('%s, and says what to do', async (_what, values, told) => {
    expect(await refusalOf(values)).toContain(told);
  });
});
