import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Step } from '../runner/suite.ts';
import type { RequestReport } from '../stack/agent.ts';
import type { IstioRa } from '../stack/istio-ra.ts';
import { checkLeaf, describeLeaf, leadsTo } from '../stack/openssl.ts';
import { gateway, identityOf, nameOf, workloads, type Workload, type World } from './world.ts';

const httpbinFoo: Workload = { namespace: 'foo', account: 'httpbin' };
const day = 86_400;

/** Step 4: certificates, by every kind of client, each looked at by openssl. */
export function certificateSteps(world: World): Step[] {
  return [
    ...clientSteps(world),
    ...signerSteps(world),
    {
      name: '4.7 openssl tells the tenants apart',
      run: async (show) => {
        await world.document.run('apart');
        const mine = world.path('certificates', 'foo-httpbin', 'cert-chain.pem');
        for (const signer of ['foo', 'bar', 'istio-system', 'foo.own']) {
          const verified = await leadsTo(world.rootFile(signer), mine);
          assert.equal(verified, signer === 'foo');
          show(
            `httpbin.foo under the root of ${signer}: ${verified ? 'verified' : 'not verified'}`,
          );
        }
      },
    },
  ];
}

function clientSteps(world: World): Step[] {
  return [
    {
      name: '4.1 istio-ra request: four workloads, each from its own signer',
      run: async (show) => {
        await world.document.run('request', { RA: world.ra.address });
        for (const workload of workloads) {
          const { namespace, account } = workload;
          const folder = world.path('certificates', `${namespace}-${account}`);
          const files = { key: `${folder}/key.pem`, chain: `${folder}/cert-chain.pem` };
          await look(world, workload, { ...files, lifetimeSeconds: day, show });
        }
        show((await world.document.run('look')).split('\n')[0] ?? '');
      },
    },
    {
      name: '4.2 grpcurl with ca.proto and a CSR of openssl',
      run: async (show) => {
        await world.document.run('grpcurl', { RA: world.ra.address });
        const answer = JSON.parse(readFileSync(world.path('by-hand.answer'), 'utf8')) as {
          readonly certChain: readonly string[];
        };
        const chain = world.path('by-hand.chain');
        writeFileSync(chain, answer.certChain.join(''));
        const files = { key: world.path('by-hand.key'), chain };
        await look(world, httpbinFoo, { ...files, lifetimeSeconds: 3600, show });
        const root = readFileSync(world.rootFile('foo'), 'utf8');
        assert.equal(answer.certChain.at(-1)?.trim(), root.trim(), 'the roots stand last');
        show(`certChain of ${answer.certChain.length}, the last is foo's root`);
      },
    },
    {
      name: '4.3 as the agent of a sidecar: RSA 2048, token of a Pod',
      run: async (show) => {
        for (const workload of workloads) {
          const out = identityFolder(world, workload);
          const report = await world.request(workload, { key: 'rsa', out, pkcs8: true });
          assertIssued(report);
          const files = { key: `${out}/key.pem`, chain: `${out}/chain.pem` };
          await look(world, workload, { ...files, lifetimeSeconds: day, show });
        }
      },
    },
  ];
}

function signerSteps(world: World): Step[] {
  return [
    {
      name: "4.4 as ztunnel for a gateway, which names no signer: the mesh's default signs",
      run: async (show) => {
        const out = world.path('certificates', 'ztunnel');
        const report = await world.request(gateway, { as: 'ztunnel', dedicated: true, out });
        assertIssued(report);
        const files = { key: `${out}/key.pem`, chain: `${out}/chain.pem` };
        const signer = 'istio-system';
        await look(world, gateway, { ...files, signer, lifetimeSeconds: day, show });
      },
    },
    {
      name: '4.5 a namespaced Issuer signs, because the account holds `reference` on it',
      run: async (show) => {
        await withIssuers(world, async (ra) => {
          const out = world.path('certificates', 'own');
          assertIssued(await world.request(httpbinFoo, { ra, certSigner: '', out }));
          const files = { key: `${out}/key.pem`, chain: `${out}/chain.pem` };
          const signer = 'foo.own';
          await look(world, httpbinFoo, { ...files, signer, lifetimeSeconds: day, show });
        });
      },
    },
    {
      name: '4.6 without `reference` cert-manager fails the request, and the caller hears at once',
      run: async (show) => {
        const { kubectl } = world.controlPlane;
        await kubectl.run('delete', 'rolebinding', issuersBinding, '--namespace=foo');
        try {
          await withIssuers(world, async (ra) => {
            const options = { ra, certSigner: '', retries: false };
            const report = await world.request(httpbinFoo, options);
            assert.equal(report.code, 'Internal');
            const decision = ra.decisionOn(report.message);
            assert.equal(decision.reason, 'failed');
            const reason = decision.conditionReason;
            assert.equal(reason, 'DeniedReference');
            show(`${report.code} after ${Math.round(report.elapsedMs)} ms: ${reason}`);
          });
        } finally {
          await world.document.run('rights');
        }
        await world.awaitNothingLeft();
      },
    },
  ];
}

/** The chart's name for what binds the account to the tenants' own Issuers. */
const issuersBinding = 'istio-ra-istio-system-issuers';

/** An istio-ra whose signer, for whoever names none, is the Issuer `own` of namespace foo. */
async function withIssuers(world: World, work: (ra: IstioRa) => Promise<void>): Promise<void> {
  const env = { K8S_SIGNER: 'issuers.cert-manager.io/foo.own', PROXY_CONFIGS: 'ignore' };
  const ra = await world.startRa('istio-ra-issuers', { env });
  try {
    await work(ra);
  } finally {
    await ra.stop();
  }
}

/** The folder with key, chain and root of a workload, as its Envoy reads them. */
export function identityFolder(world: World, { namespace, account }: Workload): string {
  return world.path('identities', `${namespace}-${account}`);
}

/** Throws unless a certificate was issued and the client took it. */
export function assertIssued(report: RequestReport): void {
  assert.equal(report.code, 'OK', `${report.code}: ${report.message ?? ''}`);
  assert.equal(report.refused, undefined);
}

interface Given {
  readonly key: string;
  readonly chain: string;
  readonly lifetimeSeconds: number;
  /** Default: the signer of the workload's namespace. */
  readonly signer?: string;
  readonly show: (evidence: string) => void;
}

async function look(world: World, workload: Workload, given: Given): Promise<void> {
  const { key, chain, lifetimeSeconds, signer = workload.namespace, show } = given;
  const expected = {
    identity: identityOf(workload),
    rootFile: world.rootFile(signer),
    lifetimeSeconds,
  };
  show(`${nameOf(workload)}: ${describeLeaf(await checkLeaf({ key, chain }, expected))}`);
}
