import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Step } from '../runner/suite.ts';
import type { RequestOptions } from '../stack/agent.ts';
import { countCalls } from '../stack/audit-log.ts';
import { get } from '../stack/http-get.ts';
import { accountName, type Workload, type World } from './world.ts';

const httpbinFoo: Workload = { namespace: 'foo', account: 'httpbin' };

interface Refusal {
  readonly what: string;
  readonly code: string;
  readonly reason: RegExp;
  readonly options: (world: World) => Promise<Partial<RequestOptions>>;
}

const refusals: readonly Refusal[] = [
  {
    what: 'a token for another audience',
    code: 'Unauthenticated',
    reason: /^token_/,
    options: async (world) => {
      const tokenFile = world.path('other-audience.token');
      const account = { namespace: 'foo', serviceAccount: 'httpbin' };
      const audience = 'vault';
      const token = await world.controlPlane.kubectl.createToken({ ...account, audience });
      writeFileSync(tokenFile, token, { mode: 0o600 });
      return { tokenFile };
    },
  },
  {
    what: 'the identity of another workload',
    code: 'InvalidArgument',
    reason: /^san_mismatch$/,
    options: () => Promise.resolve({ identity: 'spiffe://cluster.local/ns/bar/sa/httpbin' }),
  },
  {
    what: 'a signer that the mesh config does not name',
    code: 'PermissionDenied',
    reason: /^signer_/,
    options: () => Promise.resolve({ certSigner: 'other' }),
  },
  {
    what: 'a lifetime of five minutes',
    code: 'InvalidArgument',
    reason: /^ttl_too_short$/,
    options: () => Promise.resolve({ validitySeconds: 300 }),
  },
];

/** Step 4, the other side: what must not be answered with a certificate. */
export function refusalSteps(world: World): Step[] {
  const refused = refusals.map(({ what, code, reason, options }, index): Step => ({
    name: `4.${index + 8} refused: ${what}`,
    run: async (show) => {
      const mark = world.audit.mark();
      const report = await world.request(httpbinFoo, { retries: false, ...(await options(world)) });
      assert.equal(report.code, code, report.message);
      const decision = world.ra.decisionOn(report.message);
      assert.match(decision.reason ?? '', reason);
      const calls = countCalls(world.audit.callsBy(accountName, mark));
      assert.equal(calls.get('create certificatesigningrequests'), undefined, 'nothing is created');
      show(`${report.code} (${decision.reason ?? ''}), no CertificateSigningRequest`);
    },
  }));
  return [...refused, tokenForUsAlone(world, refused.length + 8)];
}

/**
 * As in most clusters, istio-ca is no audience of the API server: who reviews such a token has to name
 * the audience.
 */
function tokenForUsAlone(world: World, number: number): Step {
  const { controlPlane } = world;
  return {
    name: `4.${number} a token for istio-ca is no credential for the API server, and good only for who names istio-ca`,
    run: async (show) => {
      const { namespace, account: serviceAccount } = httpbinFoo;
      const token = await controlPlane.kubectl.createToken({ namespace, serviceAccount });
      const headers = { authorization: `Bearer ${token}` };
      const ca = readFileSync(controlPlane.caFile, 'utf8');
      const { status } = await get(`${controlPlane.server}/apis`, { ca, headers });
      assert.equal(status, 401);
      const specs = [{ token }, { token, audiences: ['istio-ca'] }];
      const reviews = specs.map((spec) => ({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: { name: '' },
        spec,
      }));
      const verdicts = await controlPlane.kubectl.create(reviews, '.status.authenticated');
      assert.deepEqual(verdicts, ['', 'true']);
      show('401 Unauthorized; reviewed without an audience: refused, for istio-ca: authenticated');
    },
  };
}
