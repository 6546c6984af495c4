import { dirname, join } from 'node:path';
import { mustRun, runCommand, type CommandResult } from './run-command.ts';

/** Any Kubernetes object. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Record<
    string,
    unknown
  >;
  readonly [field: string]: unknown;
}

export interface TokenOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Default `istio-ca`. */
  readonly audience?: string;
  /** Default one hour; the API server refuses less than ten minutes. */
  readonly durationSeconds?: number;
  /** Binds the token to a Pod, as a projected one is. */
  readonly pod?: string;
}

/** kubectl as one user. Everything but `attempt` throws `CommandError` where kubectl fails. */
export class Kubectl {
  private readonly program: string;
  private readonly kubeconfig: string;

  constructor(program: string, kubeconfig: string) {
    this.program = program;
    this.kubeconfig = kubeconfig;
  }

  /** Runs kubectl and returns its standard output. */
  async run(...args: readonly string[]): Promise<string> {
    return mustRun(this.program, this.withUser(args));
  }

  /** Runs kubectl to whatever end. */
  async attempt(...args: readonly string[]): Promise<CommandResult> {
    return runCommand(this.program, this.withUser(args));
  }

  /** Runs a `get` and parses what it prints. */
  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run('get', '-o', 'json', ...args)) as T;
  }

  /** Server-side apply of a file or of each file in a folder. */
  async applyFile(path: string): Promise<void> {
    await this.run('apply', '--server-side', '--force-conflicts', '-f', path);
  }

  /** Server-side apply of objects; or `create`, for kinds that are not changed afterwards. */
  async apply(
    manifests: readonly Manifest[],
    verb: readonly string[] = ['apply', '--server-side', '--force-conflicts'],
  ): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: manifests };
    const args = this.withUser([...verb, '-f', '-']);
    await mustRun(this.program, args, { input: JSON.stringify(list) });
  }

  /** Deletes objects, those among them that exist. */
  async delete(manifests: readonly Manifest[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: manifests };
    const args = this.withUser(['delete', '--ignore-not-found', '-f', '-']);
    await mustRun(this.program, args, { input: JSON.stringify(list) });
  }

  /** What the API server would store of objects that are created, after its webhooks, as JSON text. */
  async wouldCreate(manifests: readonly Manifest[]): Promise<string> {
    const list = { apiVersion: 'v1', kind: 'List', items: manifests };
    const args = this.withUser(['create', '--dry-run=server', '-o', 'json', '-f', '-']);
    return mustRun(this.program, args, { input: JSON.stringify(list) });
  }

  /** Creates objects and returns one field of each of the server's answers, in the same order. */
  async create(manifests: readonly Manifest[], field: string): Promise<string[]> {
    const list = { apiVersion: 'v1', kind: 'List', items: manifests };
    const args = this.withUser(['create', '-o', `jsonpath={${field}}{"\\n"}`, '-f', '-']);
    const printed = await mustRun(this.program, args, { input: JSON.stringify(list) });
    return printed.trimEnd().split('\n');
  }

  /** A token of a service account, through the TokenRequest API. */
  async createToken(options: TokenOptions): Promise<string> {
    const { namespace, serviceAccount, audience = 'istio-ca', durationSeconds = 3600 } = options;
    const bound =
      options.pod === undefined
        ? []
        : ['--bound-object-kind=Pod', `--bound-object-name=${options.pod}`];
    const token = await this.run(
      'create',
      'token',
      serviceAccount,
      `--namespace=${namespace}`,
      `--audience=${audience}`,
      `--duration=${durationSeconds}s`,
      ...bound,
    );
    return token.trim();
  }

  private withUser(args: readonly string[]): string[] {
    // What the server offers is cached beside the kubeconfig: another run's server on the same
    // port offers other things.
    const cache = join(dirname(this.kubeconfig), 'kubectl-cache');
    return [`--kubeconfig=${this.kubeconfig}`, `--cache-dir=${cache}`, ...args];
  }
}
