import type { Explanation } from '../../../src/debug/explainer.ts';
import { restoreRights, withdrawSignerRight } from '../walkthrough/signer-right.ts';
import { tenant, tenantSigner, type ExplainedWorld } from './explained-world.ts';
import type { Mistake, PageView } from './mistake.ts';

const { namespace } = tenant;

/** foo's ProxyConfig names bar's signer, which a rule keeps for bar. */
const misassigned: Mistake = {
  what: 'a mis-assigned signer',
  make: (explained) => assign(explained, 'bar'),
  undo: (explained) => assign(explained, 'foo'),
  reason: 'signer_bound_elsewhere',
  checks: [{ id: 'assignments', text: /foo: .*rule bar/ }],
  explained: refusedFor('signer_bound_elsewhere'),
  shown: refusedOnMap('signer_bound_elsewhere'),
  alert: { name: 'IstioRaTenantRefused', labels: { workload_namespace: namespace } },
};

const entry = new RegExp(
  `^  - certSigners: \\[${tenantSigner}\\]\n    pem: \\|\n(?: {6}.*\n)+`,
  'm',
);

/** The mesh config has no entry for foo's signer. */
const rootless: Mistake = {
  what: 'a missing root',
  make: (explained) => {
    explained.editMeshConfig((text) => text.replace(entry, ''));
    return Promise.resolve();
  },
  undo: (explained) => {
    explained.editMeshConfig((text) => text);
    return Promise.resolve();
  },
  reason: 'signer_unknown',
  isAlertShownByOther: true,
  checks: [
    { id: 'signers-have-roots', text: new RegExp(`${tenantSigner}, by ProxyConfig`) },
    { id: 'assignments', text: new RegExp(`foo: the mesh has no root for ${tenantSigner}`) },
    { id: 'issuer-ca-in-roots', about: tenantSigner, text: /leads to no root of that signer/ },
  ],
  explained: refusedFor('signer_unknown'),
  shown: refusedOnMap('signer_unknown'),
  alert: { name: 'IstioRaTenantRefused', labels: { workload_namespace: namespace } },
};

/** The role does not name foo's signer. */
const rightless: Mistake = {
  what: 'a missing RBAC right',
  make: ({ world }) => withdrawSignerRight(world, tenantSigner),
  undo: ({ world }) => restoreRights(world),
  reason: 'approve_forbidden',
  checks: [
    {
      id: 'right',
      about: `approve signers.certificates.k8s.io ${tenantSigner}`,
      text: /missing/,
    },
  ],
  explained: ({ mayApprove }) => (mayApprove === false ? 'we may not approve for it' : undefined),
  shown: ({ explanation }) => (explanation.mayApprove === false ? 'We may approve: no' : undefined),
  alert: {
    name: 'IstioRaKubernetesForbids',
    labels: { verb: 'update', resource: 'certificatesigningrequests/approval' },
  },
};

/** The Secret of foo's issuer is not there. */
const dead: Mistake = {
  what: 'a dead signer',
  make: (explained) => keepCaIn(explained, 'there-is-no-such-secret', 'False'),
  undo: (explained) => keepCaIn(explained, 'foo-root', 'True'),
  reason: 'signer_timeout',
  checks: [{ id: 'issuers-ready', about: tenantSigner, text: /clusterissuers\/foo is not ready/ }],
  explained: ({ issuer }) => (issuer?.includes('NOT ready') === true ? issuer : undefined),
  shown: ({ health }) => {
    const circuit = health.circuits?.find(({ signer }) => signer === tenantSigner);
    return circuit === undefined || circuit.state === 'closed'
      ? undefined
      : `its circuit is ${circuit.state}`;
  },
  alert: { name: 'IstioRaSignerFailing', labels: { signer: tenantSigner } },
};

export const mistakes: readonly Mistake[] = [misassigned, rootless, rightless, dead];

function refusedFor(reason: string): (explanation: Explanation) => string | undefined {
  return ({ verdict, steps }) => {
    if (verdict.kind !== 'refused' || verdict.reason !== reason) return undefined;
    const step = steps.find((one) => one.verdict === 'refused');
    return step === undefined ? undefined : `${step.source ?? step.from}: ${step.because}`;
  };
}

function refusedOnMap(reason: string): (page: PageView) => string | undefined {
  return ({ trust }) => {
    const found = trust.namespaces.find(({ name }) => name === namespace);
    return found?.refusals.includes(reason) === true ? `${namespace}: ${reason}` : undefined;
  };
}

async function assign({ world }: ExplainedWorld, signer: string): Promise<void> {
  const patch = { spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: signer } } };
  const words = ['patch', 'proxyconfig', 'signer', `--namespace=${namespace}`, '--type=merge'];
  await world.controlPlane.kubectl.run(...words, `--patch=${JSON.stringify(patch)}`);
}

async function keepCaIn(
  { world }: ExplainedWorld,
  secretName: string,
  ready: string,
): Promise<void> {
  const { kubectl } = world.controlPlane;
  const patch = JSON.stringify({ spec: { ca: { secretName } } });
  await kubectl.run('patch', 'clusterissuer', 'foo', '--type=merge', `--patch=${patch}`);
  await kubectl.run('wait', `--for=condition=Ready=${ready}`, '--timeout=30s', 'clusterissuer/foo');
}
