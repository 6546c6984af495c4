import { signerDomain } from '../../../src/cli/sandbox-fixtures.ts';
import { registrationAuthorityRules } from '../../../src/sandbox/registration-authority-role.ts';
import { registrationAuthorityAccount } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import type { MeshOptions } from '../../support/running-mesh.ts';

/** Of the namespace foo, whose set-up is mistaken. */
export const signer = `${signerDomain}/foo`;

/** A set-up that somebody got wrong, and what has to tell of it. */
export interface Mistake {
  readonly what: string;
  readonly options: MeshOptions;
  /** Why requests are refused, in the words of log, audit trail, metrics and feed. */
  readonly reason: string;
  /** The check that names it with an error, and what its text and its advice say. */
  readonly check: { readonly id: string; readonly text: string; readonly fix: string };
  /** What `istio-ra explain` says of it. */
  readonly explained: string;
  /** What the page shows of it beside the refusals, as in the answer to `/debug/<question>`. */
  readonly shown: { readonly question: 'trust' | 'explain'; readonly text: string };
  /** An alert of the chart that fires, and the labels it has. */
  readonly alert: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

const barsOwn =
  'rules: [{ name: bar, match: { namespaces: [bar] }, signers: [bar], exclusive: true }]\n';
const refusedInFoo = { name: 'IstioRaTenantRefused', labels: { workload_namespace: 'foo' } };

const misassigned: Mistake = {
  what: 'a ProxyConfig that names the signer of another tenant',
  options: { signerPolicy: barsOwn, seed: assignBarToFoo },
  reason: 'signer_bound_elsewhere',
  check: { id: 'assignments', text: 'foo: rule bar', fix: 'correct what the text names' },
  explained: `rule bar (line 1) binds ${signerDomain}/bar to others`,
  shown: { question: 'trust', text: '"refusals":["signer_bound_elsewhere"]' },
  alert: refusedInFoo,
};

const rootless: Mistake = {
  what: 'a signer without a root',
  options: { meshConfig: (text) => text.replace(signer, 'other.example/foo') },
  reason: 'signer_unknown',
  check: {
    id: 'signers-have-roots',
    text: `${signer}, by ProxyConfig foo/foopc`,
    fix: 'add the root of each to caCertificates',
  },
  explained: `the mesh has no root for ${signer}`,
  shown: { question: 'trust', text: '"refusals":["signer_unknown"]' },
  alert: refusedInFoo,
};

const dead: Mistake = {
  what: 'a signer that is dead',
  options: {
    env: { REQUEST_BUDGET: '1s' },
    seed: ({ faults }) => {
      faults.signer.set({ kind: 'never' }, { signerName: signer });
    },
  },
  reason: 'signer_timeout',
  check: {
    id: 'canary',
    text: `${signer}: no certificate and no word`,
    fix: 'see whether the signer runs',
  },
  explained: 'signer_timeout',
  shown: { question: 'explain', text: '"code":"SIGNER_TIMEOUT"' },
  alert: { name: 'IstioRaSignerFailing', labels: { signer } },
};

const rightless: Mistake = {
  what: 'a right to approve that is missing',
  options: { seed: withdrawRight },
  reason: 'approve_forbidden',
  check: {
    id: 'right',
    text: `approve signers.certificates.k8s.io ${signer}: missing`,
    fix: 'as docs/rbac.md has it',
  },
  explained: 'MISSING: verb approve on signers',
  shown: { question: 'explain', text: '"mayApprove":false' },
  alert: {
    name: 'IstioRaKubernetesForbids',
    labels: { verb: 'update', resource: 'certificatesigningrequests/approval' },
  },
};

export const mistakes: readonly Mistake[] = [misassigned, rootless, dead, rightless];

function assignBarToFoo({ objects }: Sandbox): void {
  objects.change({ resource: 'proxyconfigs', namespace: 'foo', name: 'foopc' }, (object) => ({
    ...object,
    spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: 'bar' } },
  }));
}

function withdrawRight(sandbox: Sandbox): void {
  const left = ['istio-system', 'bar'].map((name) => `${signerDomain}/${name}`);
  sandbox.setRules(registrationAuthorityAccount, registrationAuthorityRules(left));
}
