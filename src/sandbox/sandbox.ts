import type { Stoppable } from '../base/lifecycle.ts';
import { apiAudience } from './user-info.ts';
import type { PolicyRule } from './authorization.ts';
import type { Call } from './call-log.ts';
import type { Faults } from './faults.ts';
import { kubeconfigYaml } from './kubeconfig-yaml.ts';
import { registrationAuthorityRules } from './registration-authority-role.ts';
import { clusterIssuerDomain } from './sandbox-options.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import type { SandboxObjects } from './sandbox-objects.ts';
import { assembleSandbox } from './sandbox-parts.ts';
import type { SandboxParts } from './sandbox-parts.ts';
import type { Issuance } from './toy-signer.ts';

export interface TokenOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The API's own where absent. */
  readonly audiences?: readonly string[];
  /** One hour where absent. */
  readonly expirationSeconds?: number;
  /** The token lives and dies with this Pod. */
  readonly pod?: string;
}

export interface SandboxAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface SandboxSigner {
  readonly signerName: string;
  readonly rootPem: string;
  readonly intermediatePems: readonly string[];
}

/** The account that the registration authority under test runs as; it has the rights it needs. */
export const registrationAuthorityAccount: SandboxAccount = {
  namespace: 'istio-system',
  serviceAccount: 'istio-ra',
};

/** Starts a sandbox on the loopback address. Rejects when the port is taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const parts = await assembleSandbox(options);
  seedBuiltInObjects(parts);
  const url = await parts.server.listen(options.port ?? 0);
  options.log.info('the sandbox is listening', { url });
  return new Sandbox(parts, url);
}

/** What a small cluster has before anybody comes. */
function seedBuiltInObjects({ objects, authorities, authorizer }: SandboxParts): void {
  const { namespace, serviceAccount } = registrationAuthorityAccount;
  for (const name of ['default', 'kube-system', namespace]) objects.createNamespace(name);
  objects.createServiceAccount(namespace, serviceAccount);
  const names = authorities.map(({ options: { signerName } }) => signerName);
  authorizer.setRules(usernameOf(registrationAuthorityAccount), registrationAuthorityRules(names));
  for (const signerName of names) {
    const [domain, name = ''] = signerName.split('/');
    if (domain !== clusterIssuerDomain) continue;
    objects.create('clusterissuers', undefined, {
      metadata: { name },
      spec: { ca: { secretName: `${name}-ca` } },
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KeyPairVerified' }] },
    });
  }
}

function usernameOf({ namespace, serviceAccount }: SandboxAccount): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** A running Kubernetes API subset with signers, for demonstrations and tests. */
export class Sandbox implements Stoppable {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  readonly signers: readonly SandboxSigner[];
  readonly #parts: SandboxParts;

  constructor(parts: SandboxParts, url: string) {
    this.#parts = parts;
    this.url = url;
    this.signers = parts.authorities.map(({ options, authority }) => ({
      signerName: options.signerName,
      rootPem: authority.rootPem,
      intermediatePems: authority.intermediatePems,
    }));
  }

  /** Verifies the API's serving certificate. */
  get caPem(): string {
    return this.#parts.identity.caPem;
  }

  /** A bearer token that may do everything. */
  get adminToken(): string {
    return this.#parts.adminToken;
  }

  get faults(): Faults {
    return this.#parts.faults;
  }

  /** Puts objects in place past the API's rules, as the rest of a cluster would have done. */
  get objects(): SandboxObjects {
    return this.#parts.objects;
  }

  /** How many watches are open. */
  get openWatches(): number {
    return this.#parts.watches.size;
  }

  /** A kubeconfig in YAML with everything embedded. */
  kubeconfig(user: 'admin' | SandboxAccount): string {
    const { url, caPem } = this;
    if (user === 'admin') {
      const { administrator } = this.#parts.identity;
      const credentials = { kind: 'client-certificate', ...administrator } as const;
      return kubeconfigYaml({ url, caPem, user: 'kubernetes-admin', credentials });
    }
    const { namespace, serviceAccount } = user;
    const token = this.token({ namespace, serviceAccount, expirationSeconds: 24 * 60 * 60 });
    const credentials = { kind: 'token', token } as const;
    return kubeconfigYaml({ url, caPem, user: serviceAccount, credentials, namespace });
  }

  /** A token of a service account. Throws when the account, or its Pod, does not exist. */
  token({ audiences = [apiAudience], expirationSeconds = 3600, ...options }: TokenOptions): string {
    return this.#parts.tokens.issue({ ...options, audiences, expirationSeconds });
  }

  /** The newest calls to the API, the oldest of them first. */
  calls(): readonly Call[] {
    return this.#parts.calls.all();
  }

  /** How many calls there were; a subresource as `certificatesigningrequests/approval`. */
  callCount(verb: string, resource: string): number {
    return this.#parts.calls.count(verb, resource);
  }

  forgetCalls(): void {
    this.#parts.calls.clear();
  }

  /** What the signers have given out, the oldest first. */
  issued(): readonly Issuance[] {
    return this.#parts.signers.issued();
  }

  /** What a user may do from now on; a text is a username. */
  setRules(user: SandboxAccount | string, rules: readonly PolicyRule[]): void {
    const username = typeof user === 'string' ? user : usernameOf(user);
    this.#parts.authorizer.setRules(username, rules);
  }

  /** Makes every resourceVersion so far too old to watch from. */
  forgetHistory(): void {
    this.#parts.store.forgetHistory();
  }

  /** Breaks all connections, as a restart of the API server would. */
  dropConnections(): void {
    this.#parts.server.dropConnections();
  }

  /** Ends every watch, connection and signer. */
  async stop(): Promise<void> {
    this.#parts.watches.stop();
    await Promise.all([this.#parts.server.stop(), this.#parts.signers.stop()]);
  }
}
