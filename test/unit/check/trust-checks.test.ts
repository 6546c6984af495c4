import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { checkPolicyAgainstMesh } from '../../../src/authz/policy-mesh-check.ts';
import { judgeIssuerCa } from '../../../src/check/checks/issuer-ca-in-roots.ts';
import { judgeMeshConfig } from '../../../src/check/checks/mesh-config.ts';
import { judgeOwnCertificate } from '../../../src/check/checks/own-certificate.ts';
import { judgeRootConfigMaps } from '../../../src/check/checks/root-config-map.ts';
import { judgeWriters } from '../../../src/check/checks/root-config-map-writers.ts';
import { judgeExpiry } from '../../../src/check/checks/roots-expiry.ts';
import { judgeSharing } from '../../../src/check/checks/roots-shared.ts';
import { judgeSignerNames } from '../../../src/check/checks/signer-names.ts';
import { judgePolicy } from '../../../src/check/checks/signer-policy.ts';
import { judgeRoots } from '../../../src/check/checks/signers-have-roots.ts';
import { judgeBinding } from '../../../src/check/checks/unbound-signers.ts';
import { knownFact, unknownFact } from '../../../src/check/fact.ts';
import { readRootConfigMap } from '../../../src/check/read-root-config-map.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { MeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import { parseCertificateBundle } from '../../../src/pki/pem.ts';
import { TestAuthority } from '../../support/test-authority.ts';

const now = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const domain = 'clusterissuers.cert-manager.io';
const [foo, bar] = [`${domain}/foo`, `${domain}/bar`];

let one: TestAuthority;
let other: TestAuthority;
let under: TestAuthority;

beforeAll(async () => {
  one = await TestAuthority.make('one', now);
  other = await TestAuthority.make('other', now);
  under = await TestAuthority.make('under one', now, { issuer: one });
});

function mesh(...entries: readonly (readonly [TestAuthority, ...string[]])[]): MeshSnapshot {
  const caCertificates = entries.map(([{ certificatePem: pem }, ...certSigners]) => ({
    ...{ pem, certSigners },
  }));
  return loadMeshSnapshot(JSON.stringify({ caCertificates }), 1);
}

function certificatesOf(...authorities: readonly TestAuthority[]): readonly Certificate[] {
  return authorities.flatMap(({ certificatePem }) =>
    parseCertificateBundle(certificatePem).map((der) => parseCertificate(der)),
  );
}

describe('judgeMeshConfig', () => {
  it('is content with one that is used as a whole', () => {
    const facts = { snapshot: mesh([one, foo]), origin: 'the file m', isConfigMap: false };
    expect(judgeMeshConfig(knownFact(facts)).kind).toBe('ok');
  });

  it('warns of entries that are not used', () => {
    const facts = { snapshot: mesh([one]), origin: 'the file m', isConfigMap: false };
    expect(judgeMeshConfig(knownFact(facts))).toMatchObject({
      kind: 'failed',
      severity: 'warning',
    });
  });

  it('repeats why there is none', () => {
    expect(judgeMeshConfig(unknownFact('it has no key mesh', true))).toMatchObject({
      text: expect.stringContaining('no key mesh'),
    });
  });
});

describe('judgePolicy', () => {
  const check = (text: string, snapshot = mesh([one, foo])) => {
    const policy = parseSignerPolicy(text, { signerDomain: domain });
    return judgePolicy(knownFact({ policy, ...checkPolicyAgainstMesh(policy, snapshot) }));
  };
  const rule = 'rules: [{name: a, match: {}, signers: [foo]}]';

  it('is content with rules whose signers have roots', () => {
    expect(check(rule).kind).toBe('ok');
  });

  it('names the line of a signer without a root', () => {
    expect(check(rule, mesh([one, bar]))).toMatchObject({
      text: expect.stringContaining('line 1'),
    });
  });

  it('warns of the mode that grants every wish', () => {
    expect(check('mode: any')).toMatchObject({ severity: 'warning' });
  });

  it('repeats why the rules cannot be read', () => {
    expect(judgePolicy(unknownFact('line 3: nonsense')).kind).toBe('failed');
  });
});

describe('judgeRoots', () => {
  const named = [{ text: 'foo', by: 'ProxyConfig foo/pc' }];

  it('finds the root of a short name', () => {
    expect(judgeRoots(named, mesh([one, foo]), domain).kind).toBe('ok');
  });

  it('names who assigns a signer without a root', () => {
    expect(judgeRoots(named, mesh([one, bar]), domain)).toMatchObject({
      text: `signers that are assigned and have no root: ${foo}, by ProxyConfig foo/pc`,
    });
  });

  it('leaves alone a signer whose roots come from a URL', () => {
    const entry = { spiffeBundleUrl: 'https://bundles.example/b', certSigners: [foo] };
    const snapshot = loadMeshSnapshot(JSON.stringify({ caCertificates: [entry] }), 1);
    expect(judgeRoots(named, snapshot, domain).kind).toBe('ok');
  });
});

describe('judgeSignerNames', () => {
  const judge = (certSigners: readonly string[], texts: readonly string[] = []) =>
    judgeSignerNames({
      certSigners,
      named: texts.map((text) => ({ text, by: 'a ProxyConfig' })),
      signerDomain: domain,
    });

  it('takes full names in the mesh config, and short ones elsewhere', () => {
    expect(judge([foo, 'issuers.cert-manager.io/ns.issuer'], ['bar', foo]).kind).toBe('ok');
  });

  it.each([
    ['a short name in certSigners', judge(['foo'])],
    ["a signer of Kubernetes' own", judge(['kubernetes.io/kube-apiserver-client'])],
    ['an Issuer without its namespace', judge(['issuers.cert-manager.io/foo'])],
    ['what is no name at all', judge([foo], ['Foo Bar'])],
  ])('finds %s', (_what, verdict) => {
    expect(verdict.kind).toBe('failed');
  });
});

describe('judgeExpiry', () => {
  const ends = 365 * dayMs;

  it('is content with roots that last', () => {
    expect(judgeExpiry(mesh([one, foo]), now).kind).toBe('ok');
  });

  it('warns within the last 30 days', () => {
    const late = now + ends - 29 * dayMs;
    expect(judgeExpiry(mesh([one, foo]), late)).toMatchObject({ severity: 'warning' });
  });

  it('fails for a root that is over, and says whose', () => {
    const verdict = judgeExpiry(mesh([one, foo]), now + ends);
    expect(verdict).toMatchObject({
      kind: 'failed',
      severity: undefined,
      text: expect.stringContaining(`CN=one`),
    });
    expect(verdict).toMatchObject({ text: expect.stringContaining(foo) });
  });
});

describe('judgeSharing', () => {
  const policy = (trusts: string) => parseSignerPolicy(trusts, { signerDomain: domain });

  it('is content where each signer has a root of its own', () => {
    expect(judgeSharing(mesh([one, foo], [other, bar]), policy('')).kind).toBe('ok');
  });

  it('finds two signers with one root', () => {
    expect(judgeSharing(mesh([one, foo, bar]), policy('')).kind).toBe('failed');
  });

  it('lets those share that the policy lets trust each other', () => {
    expect(judgeSharing(mesh([one, foo, bar]), policy('trusts: [[foo, bar]]')).kind).toBe('ok');
  });
});

describe('judgeBinding', () => {
  it('names the signers that no rule binds', () => {
    expect(judgeBinding([foo])).toMatchObject({ text: expect.stringContaining(foo) });
    expect(judgeBinding([]).kind).toBe('ok');
  });
});

describe('judgeIssuerCa', () => {
  const judge = (authority: TestAuthority, ...roots: readonly TestAuthority[]) =>
    judgeIssuerCa(foo, authority.certificatePem, { roots: certificatesOf(...roots), now });

  it('takes a root itself, and what a root has signed', () => {
    expect([judge(one, one).kind, judge(under, one).kind]).toEqual(['ok', 'ok']);
  });

  it('finds a CA that leads to no root of its signer', () => {
    expect([judge(other, one).kind, judge(under, other).kind]).toEqual(['failed', 'failed']);
  });
});

describe('judgeRootConfigMaps', () => {
  const namespaces = [{ name: 'foo' }];
  const judge = (pem: string | undefined, distribution = { configMapName: 'r' }) =>
    judgeRootConfigMaps({
      ...{ namespaces, distribution, expected: certificatesOf(one) },
      maps: [{ namespace: 'foo', pem, otherWriters: [] }],
    });

  it('is content with exactly our roots', () => {
    expect(judge(one.certificatePem).kind).toBe('ok');
  });

  it.each([
    ['lacks 1 of 1 roots', () => judge(other.certificatePem)],
    ['has roots that are not ours', () => judge(one.certificatePem + other.certificatePem)],
    ['has a root-cert.pem that cannot be read', () => judge('nonsense')],
    ['has no root-cert.pem', () => judge(undefined)],
  ])('finds a namespace that %s', (problem, verdict) => {
    expect(verdict()).toMatchObject({ text: expect.stringContaining(`foo ${problem}`) });
  });

  it('finds a namespace without the ConfigMap', () => {
    const facts = { namespaces, maps: [], expected: [], distribution: undefined };
    expect(judgeRootConfigMaps(facts).kind).toBe('failed');
  });

  it('lets others add roots where others distribute them', () => {
    const verdict = judgeRootConfigMaps({
      ...{ namespaces, expected: certificatesOf(one), distribution: undefined },
      maps: [
        { namespace: 'foo', pem: one.certificatePem + other.certificatePem, otherWriters: [] },
      ],
    });
    expect(verdict.kind).toBe('ok');
  });

  it('finds that there is nothing to distribute', () => {
    const facts = { namespaces, maps: [], expected: [], distribution: { configMapName: 'r' } };
    expect(judgeRootConfigMaps(facts)).toMatchObject({
      fix: expect.stringContaining('--caCertFile'),
    });
  });
});

describe('judgeWriters', () => {
  const written = (...managers: readonly string[]) =>
    readRootConfigMap({
      metadata: {
        namespace: 'foo',
        managedFields: managers.map((manager) => ({
          manager,
          fieldsV1: { 'f:data': { 'f:root-cert.pem': {} } },
        })),
      },
      data: { 'root-cert.pem': 'x' },
    });

  it('is content where we alone write', () => {
    expect(judgeWriters([written('istio-ra')]).kind).toBe('ok');
  });

  it('names the other writer and where', () => {
    expect(judgeWriters([written('istio-ra', 'pilot-discovery')])).toMatchObject({
      text: expect.stringContaining('foo: pilot-discovery'),
    });
  });

  it('passes over who writes other fields', () => {
    const other = { manager: 'kubectl', fieldsV1: { 'f:metadata': {} } };
    expect(readRootConfigMap({ metadata: { managedFields: [other] } }).otherWriters).toEqual([]);
  });
});

describe('judgeOwnCertificate', () => {
  const leaf = { notBefore: now, notAfter: now + 90 * dayMs };

  const brief = { notBefore: now, notAfter: now + dayMs };

  it.each([
    ['is good for weeks', judgeOwnCertificate(leaf, now), 'ok'],
    ['is of one day and half over', judgeOwnCertificate(brief, now + dayMs / 2), 'ok'],
    ['is over', judgeOwnCertificate(leaf, now + 90 * dayMs), 'failed'],
    ['is not valid yet', judgeOwnCertificate(leaf, now - 1), 'failed'],
  ])('judges one that %s', (_what, verdict, kind) => {
    expect(verdict.kind).toBe(kind);
  });

  it('warns of one that ends this week', () => {
    const verdict = judgeOwnCertificate(leaf, now + 84 * dayMs);
    expect(verdict).toMatchObject({ kind: 'failed', severity: 'warning' });
  });
});
