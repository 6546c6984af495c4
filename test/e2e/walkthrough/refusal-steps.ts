import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { Step } from '../runner/suite.ts';
import type { RequestOptions } from '../stack/agent.ts';
import { countCalls } from '../stack/audit-log.ts';
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
  return refusals.map(({ what, code, reason, options }, index) => ({
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
}
