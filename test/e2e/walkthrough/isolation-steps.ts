import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { measuredUpTo } from '../../support/measured-up-to.ts';
import type { Show, Step } from '../runner/suite.ts';
import type { RequestOptions, RequestReport } from '../stack/agent.ts';
import { countCalls } from '../stack/audit-log.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { IstioRa } from '../stack/istio-ra.ts';
import { tryBridge } from './bridge.ts';
import { deploy } from './workloads.ts';
import { accountName, gateway, identityOf, type Workload, type World } from './world.ts';

const httpbinFoo: Workload = { namespace: 'foo', account: 'httpbin' };
const httpbinBar: Workload = { namespace: 'bar', account: 'httpbin' };
const ztunnel: Workload = { namespace: 'istio-system', account: 'ztunnel' };

/** bar's signer is bar's alone, whatever a ProxyConfig says. */
const bound = `rules:
  - name: bar
    match: { namespaces: [bar] }
    signers: [bar]
    exclusive: true
`;
/** A gateway that both foo and the mesh's own workloads can talk to, and bar cannot. */
const bridge = 'trusts:\n  - [istio-system, foo]\n';

/** Tenants kept apart by force, on the real API server, and joined where the policy says so. */
export class IsolationSteps {
  readonly #world: World;
  #ra: IstioRa | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get policyFile(): string {
    return this.#world.path('policy.yaml');
  }

  /** The second istio-ra, with rules and a trusted node agent. */
  get ra(): IstioRa {
    if (this.#ra === undefined) throw new Error('it has not been started');
    return this.#ra;
  }

  steps(): Step[] {
    return [
      this.#step("8.1 foo asks for bar's signer: refused, nothing created", async (show) => {
        await this.#refused(httpbinFoo, { certSigner: 'bar' }, show);
      }),
      this.#step('8.2 a changed ProxyConfig counts within a second', (show) => this.#change(show)),
      this.#step('8.3 an istio-ra with rules and a trusted node agent starts', async (show) => {
        writeFileSync(this.policyFile, bound);
        await deploy(this.#world, ztunnel);
        this.#ra = await this.#world.startRa('istio-ra-with-rules', {
          env: {
            SIGNER_POLICY: this.policyFile,
            CA_TRUSTED_NODE_ACCOUNTS: 'istio-system/ztunnel',
          },
        });
        show(`ready at ${this.#ra.address}`);
      }),
      this.#step(
        "8.4 a ProxyConfig in foo that names bar's bound signer gets foo nothing",
        (show) => this.#greedy(show),
      ),
      this.#step('8.5 bar itself still gets its signer', async (show) => {
        const report = await this.#ask(httpbinBar, { ra: this.ra });
        assert.equal(report.code, 'OK', report.message);
        show(`${report.code}, issuer ${report.leaf?.issuer ?? ''}`);
      }),
      ...this.#ambient(),
      {
        name: '8.9 two signers trust each other: through real Envoys both reach both, and bar neither',
        needs: 'envoy',
        run: (show) => this.#bridge(show),
      },
      this.#step('8.10 the istio-ra with rules ends in order', async (show) => {
        show(`exit ${await this.ra.stop()}`);
      }),
    ];
  }

  #ambient(): Step[] {
    const asZtunnel = { as: 'ztunnel', tokenFile: this.#world.boundToken(ztunnel) } as const;
    return [
      this.#step(
        '8.6 ztunnel gets two tenants their certificates, each from its own signer',
        async (show) => {
          for (const workload of [httpbinFoo, httpbinBar]) {
            const report = await this.#ask(workload, {
              ...asZtunnel,
              ra: this.ra,
              identity: identityOf(workload),
            });
            assert.equal(report.code, 'OK', report.message);
            assert.match(report.leaf?.issuer ?? '', new RegExp(workload.namespace));
            show(`${identityOf(workload)}: issuer ${report.leaf?.issuer ?? ''}`);
          }
        },
      ),
      this.#step('8.7 not for an identity that does not run on its node', async (show) => {
        const identity = 'spiffe://cluster.local/ns/foo/sa/default';
        await this.#refused(
          httpbinFoo,
          { ...asZtunnel, identity, ra: this.ra },
          show,
          'Unauthenticated',
        );
      }),
      this.#step('8.8 and not for a foreign trust domain', async (show) => {
        const identity = 'spiffe://other.example/ns/foo/sa/httpbin';
        await this.#refused(
          httpbinFoo,
          { ...asZtunnel, identity, ra: this.ra },
          show,
          'Unauthenticated',
        );
      }),
    ];
  }

  #step(name: string, run: Step['run']): Step {
    return { name, run };
  }

  #ask(
    workload: Workload,
    options: Partial<RequestOptions> & { readonly ra?: IstioRa },
  ): Promise<RequestReport> {
    return this.#world.request(workload, { retries: false, certSigner: '', ...options });
  }

  async #refused(
    workload: Workload,
    options: Partial<RequestOptions> & { readonly ra?: IstioRa },
    show: Show,
    code = 'PermissionDenied',
  ): Promise<void> {
    const mark = this.#world.audit.mark();
    const report = await this.#ask(workload, options);
    assert.equal(report.code, code, report.message);
    const { reason = '' } = (options.ra ?? this.#world.ra).decisionOn(report.message);
    const calls = countCalls(this.#world.audit.callsBy(accountName, mark));
    assert.equal(calls.get('create certificatesigningrequests'), undefined, 'nothing is created');
    show(`${report.code} (${reason}), no CertificateSigningRequest`);
  }

  async #setSigner(namespace: string, signer: string): Promise<void> {
    await this.#world.controlPlane.kubectl.apply([
      {
        apiVersion: 'networking.istio.io/v1beta1',
        kind: 'ProxyConfig',
        metadata: { name: 'signer', namespace },
        spec: { environmentVariables: { ISTIO_META_CERT_SIGNER: signer } },
      },
    ]);
  }

  /** How long until a request of foo is answered in the way that is wanted, in milliseconds. */
  async #until(
    what: string,
    wanted: (report: RequestReport) => boolean,
    ra?: IstioRa,
  ): Promise<number> {
    const start = performance.now();
    const options = ra === undefined ? {} : { ra };
    await awaitUntil(async () => wanted(await this.#ask(httpbinFoo, options)), {
      what,
      timeoutMs: 10_000,
      intervalMs: 20,
    });
    return performance.now() - start;
  }

  async #change(show: Show): Promise<void> {
    const isFrom = (signer: string) => (report: RequestReport) =>
      report.leaf?.issuer.includes(signer) === true;
    const changeMs = async (): Promise<number> => {
      await this.#setSigner('foo', 'istio-system');
      const ms = await this.#until('foo is served by istio-system', isFrom('istio-system'));
      await this.#setSigner('foo', 'foo');
      await this.#until('foo is served by foo again', isFrom('foo'));
      return ms;
    };
    const what = 'served by the new signer after kubectl came back';
    const limit = { what, unit: 'ms', bound: { atMost: 1_000 }, say: show } as const;
    const { holds, report } = await measuredUpTo(3, limit, changeMs);
    assert.ok(holds, report);
  }

  async #greedy(show: Show): Promise<void> {
    await this.#setSigner('foo', 'bar');
    try {
      const refused = (report: RequestReport): boolean => report.code === 'PermissionDenied';
      await this.#until('foo is refused', refused, this.ra);
      await this.#refused(httpbinFoo, { ra: this.ra }, show);
      await this.#refused(httpbinFoo, { ra: this.ra, certSigner: 'bar' }, show);
      await this.#refused(httpbinFoo, { ra: this.ra, certSigner: 'foo' }, show);
    } finally {
      await this.#setSigner('foo', 'foo');
    }
  }

  async #bridge(show: Show): Promise<void> {
    writeFileSync(this.policyFile, `${bound}${bridge}`);
    await awaitUntil(async () => (await this.#rootsOf(httpbinFoo)) === 2, {
      what: 'foo trusts two roots',
      timeoutMs: 10_000,
      intervalMs: 200,
    });
    assert.equal(await this.#rootsOf(gateway), 2);
    assert.equal(await this.#rootsOf(httpbinBar), 1);
    show('foo and istio-system: two roots each; bar: its own alone');
    const sides = [
      { name: 'foo', identityFolder: this.#bridged(httpbinFoo) },
      { name: 'gateway', identityFolder: this.#bridged(gateway) },
      { name: 'bar', identityFolder: this.#bridged(httpbinBar) },
    ];
    const open = sides.map(({ name }) => `${name} to ${name}`);
    open.push('foo to gateway', 'gateway to foo');
    for (const line of await tryBridge(this.#world, sides, open)) show(line);
  }

  #bridged({ namespace, account }: Workload): string {
    return this.#world.path('bridged', `${namespace}-${account}`);
  }

  /** How many roots a workload is told to trust; its certificate is left in its folder. */
  async #rootsOf(workload: Workload): Promise<number> {
    const out = this.#bridged(workload);
    const report = await this.#ask(workload, { ra: this.ra, out });
    assert.equal(report.code, 'OK', report.message);
    return readFileSync(`${out}/root.pem`, 'utf8').split('-----BEGIN').length - 1;
  }
}
