import { signerDomain } from '../../src/cli/sandbox-fixtures.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { CertificateTemplate } from '../../src/pki/certificate-builder.ts';
import { textAt, valueAt } from '../../src/sandbox/kube-object.ts';
import type { KubeObject } from '../../src/sandbox/kube-object.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { templateFor } from '../../src/sandbox/faulty-certificates.ts';

export interface ScriptedSignerOptions {
  /** The short name of one of the sandbox's signers; its own controller does nothing from now on. */
  readonly signer: string;
  /** What the mesh config gives the signer as its roots. */
  readonly rootPem: string;
  /** Makes `status.certificate` out of the certificate that the request asks for. */
  readonly sign: (template: CertificateTemplate) => Promise<string>;
}

const resource = 'certificatesigningrequests';
const pollMs = 5;

/** Signs for one of the sandbox's signers with certificates that only a test would make. */
export class ScriptedSigner implements Disposable {
  readonly #options: ScriptedSignerOptions;
  readonly #seen = new Set<string>();
  #sandbox: Sandbox | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ScriptedSignerOptions) {
    this.#options = options;
  }

  /** To be given to a mesh: takes over from the sandbox's own controller. */
  readonly seed = (sandbox: Sandbox): void => {
    this.#sandbox = sandbox;
    sandbox.faults.signer.set({ kind: 'never' }, { signerName: this.#signerName });
    this.#timer = setInterval(() => {
      for (const request of sandbox.objects.list(resource)) this.#look(request);
    }, pollMs);
  };

  /** To be given to a mesh: puts the roots in the place of those of the sandbox. */
  readonly meshConfig = (text: string): string => {
    const own = this.#sandbox?.signers.find(({ signerName }) => signerName === this.#signerName);
    if (own === undefined) throw new Error(`the sandbox has no signer ${this.#signerName}`);
    const changed = text.replace(indented(own.rootPem), () => indented(this.#options.rootPem));
    if (changed === text) throw new Error('the mesh config does not hold the root to replace');
    return changed;
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  get #signerName(): string {
    return `${signerDomain}/${this.#options.signer}`;
  }

  #look(request: KubeObject): void {
    const { uid } = request.metadata;
    const isMine = textAt(request, 'spec', 'signerName') === this.#signerName;
    if (!isMine || this.#seen.has(uid) || !isApproved(request)) return;
    this.#seen.add(uid);
    void this.#answer(request);
  }

  async #answer(request: KubeObject): Promise<void> {
    const pem = await this.#options.sign(await templateFor(request, systemClock.now(), undefined));
    const certificate = Buffer.from(pem).toString('base64');
    const place = { resource, namespace: undefined, name: request.metadata.name };
    this.#sandbox?.objects.change(place, (current) => ({
      ...current,
      status: { ...(valueAt(current, 'status') as object), certificate },
    }));
  }
}

function isApproved(request: KubeObject): boolean {
  const conditions = valueAt(request, 'status', 'conditions');
  return JSON.stringify(conditions ?? []).includes('"Approved"');
}

/** As the mesh config of the sandbox's world has it. */
function indented(pem: string): string {
  return pem.trimEnd().replace(/^/gm, '      ');
}
