import { systemClock } from '../base/clock.ts';
import type { CertificateClient } from '../server/certificate-client.ts';
import { chainTable } from './chain-table.ts';
import { handshake } from './mutual-tls.ts';
import type { HandshakeResult, WorkloadCredentials } from './mutual-tls.ts';
import { uriOf } from './sandbox-fixtures.ts';
import type { SampleWorkload } from './sandbox-fixtures.ts';
import { tableWidth } from './text-table.ts';
import type { Styler, TextSink } from './terminal.ts';
import { makeKeyAndRequest, verifyAnswer } from './workload.ts';

export interface SandboxDemoOptions {
  readonly client: CertificateClient;
  readonly tokenOf: (workload: SampleWorkload) => string;
  readonly out: TextSink;
  readonly styled: Styler;
}

const dayseconds = 86_400;
const deadlineMs = 30_000;
const indent = '  ';
const httpbinFoo = { namespace: 'foo', serviceAccount: 'httpbin' };
const sleepFoo = { namespace: 'foo', serviceAccount: 'sleep' };
const httpbinBar = { namespace: 'bar', serviceAccount: 'httpbin' };

function nameOf({ namespace, serviceAccount }: SampleWorkload): string {
  return `${serviceAccount}.${namespace}`;
}

/**
 * What the whole thing is for, shown as it happens: workloads of two tenants get certificates, each
 * from its tenant's own CA, and by them foo reaches foo and does not reach bar. Returns whether all
 * of it came out so. Throws when a certificate is refused.
 */
export class SandboxDemo {
  readonly #options: SandboxDemoOptions;

  constructor(options: SandboxDemoOptions) {
    this.#options = options;
  }

  async run(): Promise<boolean> {
    this.#heading('Certificates, each from its own tenant’s CA');
    const foo = await this.#issue(httpbinFoo);
    const sleeper = await this.#issue(sleepFoo);
    const bar = await this.#issue(httpbinBar);
    this.#heading('What httpbin.foo got: leaf, intermediate, root');
    this.#table(foo.chain);
    this.#heading('What httpbin.bar got');
    this.#table(bar.chain);
    this.#heading('Mutual TLS with these certificates');
    const inside = await handshake(sleeper, { ...foo, uri: uriOf(httpbinFoo) });
    const reached = this.#report(inside, { to: httpbinFoo, wanted: 'connected' });
    const across = await handshake(sleeper, { ...bar, uri: uriOf(httpbinBar) });
    const keptOut = this.#report(across, { to: httpbinBar, wanted: 'refused' });
    return reached && keptOut;
  }

  async #issue(workload: SampleWorkload): Promise<WorkloadCredentials> {
    const { client, tokenOf, out, styled } = this.#options;
    const identity = uriOf(workload);
    const made = await makeKeyAndRequest(identity, 'rsa-2048');
    const start = systemClock.monotonic();
    const chain = await client.request({
      token: tokenOf(workload),
      csrPem: made.csrPem,
      validitySeconds: dayseconds,
      certSigner: workload.namespace,
      deadlineMs,
    });
    const ms = (systemClock.monotonic() - start).toFixed(0);
    const leaf = verifyAnswer(chain, { identity, spkiDer: made.spkiDer, now: systemClock.now() });
    const serial = leaf.serialNumber.slice(0, 12);
    const signer = styled('cyan', workload.namespace);
    const took = styled('dim', `${ms} ms, serial ${serial}…, ${chain.length} elements`);
    out.write(
      `  ${styled('green', '✓')} ${nameOf(workload).padEnd(12)} signed by ${signer}  ${took}\n`,
    );
    return { privateKeyPem: made.privateKeyPem, chain };
  }

  #report(
    result: HandshakeResult,
    expected: { readonly to: SampleWorkload; readonly wanted: HandshakeResult['kind'] },
  ): boolean {
    const { out, styled } = this.#options;
    const good = result.kind === expected.wanted;
    const mark = good ? styled('green', '✓') : styled('red', '✗');
    const what =
      result.kind === 'connected'
        ? `connected (${result.protocol}), peer ${result.peer}`
        : `refused: certificate verification failed (${result.reason})`;
    out.write(`  ${mark} ${nameOf(sleepFoo)} → ${nameOf(expected.to).padEnd(12)} ${what}\n`);
    return good;
  }

  #heading(text: string): void {
    const { out, styled } = this.#options;
    out.write(`\n${styled('bold', text)}\n`);
  }

  #table(chain: readonly string[]): void {
    const { out } = this.#options;
    const width = tableWidth(out);
    const table = chainTable(chain, width === undefined ? undefined : width - indent.length);
    out.write(table.replace(/^(?=.)/gm, indent));
  }
}
