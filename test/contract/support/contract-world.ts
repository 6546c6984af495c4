import { randomBytes } from 'node:crypto';
import { buildCertificateRequest } from '../../../src/pki/certificate-request-builder.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import type { ContractServer, Rule } from './contract-server.ts';
import { openContractServer } from './open-contract-server.ts';
import { RawApi } from './raw-api.ts';
import type { Json, RawAnswer } from './raw-api.ts';

export const csrsPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** Of the suite's own: nobody signs for it, so that nothing happens but what the tests do. */
export const signerDomain = 'contract.istio-ra.test';
export const signerName = `${signerDomain}/one`;
export const everyUsage = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** A server, an administrator, and a namespace of the test file's own. */
export class ContractWorld implements AsyncDisposable {
  readonly server: ContractServer;
  readonly admin: RawApi;
  readonly namespace: string;
  /** A CERTIFICATE REQUEST in PEM that every server takes. */
  readonly requestPem: string;
  readonly #opened: RawApi[] = [];
  readonly #nodes: string[] = [];
  #made = 0;

  private constructor(server: ContractServer, requestPem: string) {
    this.server = server;
    this.admin = this.#keep(
      new RawApi({ url: server.url, caPem: server.caPem, credentials: server.administrator }),
    );
    this.namespace = `contract-${randomBytes(4).toString('hex')}`;
    this.requestPem = requestPem;
  }

  static async open(): Promise<ContractWorld> {
    const keyPair = await generateKeyPair('ecdsa-p256');
    const uris = ['spiffe://cluster.local/ns/foo/sa/httpbin'];
    const requestPem = await buildCertificateRequest({ keyPair, subject: 'empty', uris });
    const world = new ContractWorld(await openContractServer(), requestPem);
    await world.create('/api/v1/namespaces', { metadata: { name: world.namespace } });
    return world;
  }

  /** The minor version of Kubernetes that the server says it is. */
  async minorVersion(): Promise<number> {
    const { json } = await this.admin.send({ path: '/version' });
    return Number.parseInt(String(json['minor']), 10);
  }

  /** A label that marks what this file made. */
  get labels(): Readonly<Record<string, string>> {
    return { 'istio-ra-contract': this.namespace };
  }

  /** The same as a selector. */
  get selector(): string {
    return `istio-ra-contract=${this.namespace}`;
  }

  /** A name that nobody else has. */
  newName(prefix = 'object'): string {
    this.#made += 1;
    return `${this.namespace}-${prefix}-${this.#made}`;
  }

  /** The path of a resource's objects in this file's namespace; a core resource by its plural. */
  pathOf(plural: string, groupVersion = ''): string {
    const root = groupVersion === '' ? '/api/v1' : `/apis/${groupVersion}`;
    return `${root}/namespaces/${this.namespace}/${plural}`;
  }

  /** Creates, as the administrator, what must succeed; the object as the server answers it. */
  async create(path: string, body: Json): Promise<Json> {
    const answer = await this.admin.send({ method: 'POST', path, body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`);
    return answer.json;
  }

  /** The body of a CertificateSigningRequest; `spec` replaces single fields, undefined drops them. */
  csrBody(spec: Json = {}, metadata: Json = {}): Json {
    return {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: this.newName('csr'), labels: this.labels, ...metadata },
      spec: {
        request: Buffer.from(this.requestPem).toString('base64'),
        signerName,
        usages: everyUsage,
        expirationSeconds: 3600,
        ...spec,
      },
    };
  }

  /** A new CertificateSigningRequest of the administrator's. */
  createCsr(spec: Json = {}, metadata: Json = {}): Promise<Json> {
    return this.create(csrsPath, this.csrBody(spec, metadata));
  }

  /** Puts a CertificateSigningRequest's state with other conditions to one of its subresources. */
  putCsr(
    csr: Json,
    part: 'approval' | 'status',
    status: Json,
    api = this.admin,
  ): Promise<RawAnswer> {
    const path = `${csrsPath}/${nameOf(csr)}/${part}`;
    return api.send({ method: 'PUT', path, body: { ...csr, status } });
  }

  /** A new service account that may do what `rules` say, and the server as it sees it. */
  async account(rules: readonly Rule[] = []): Promise<Account> {
    const name = this.newName('account');
    await this.create(this.pathOf('serviceaccounts'), { metadata: { name } });
    if (rules.length > 0) await this.server.grant({ namespace: this.namespace, name }, rules);
    const token = await this.tokenOf(name);
    const api = this.#keep(this.admin.as({ kind: 'token', token }));
    return { name, token, api, username: `system:serviceaccount:${this.namespace}:${name}` };
  }

  /** A token of an account in this file's namespace, for the API itself where `spec` is empty. */
  async tokenOf(account: string, spec: Json = {}): Promise<string> {
    const path = `${this.pathOf('serviceaccounts')}/${account}/token`;
    const { status } = await this.create(path, { spec });
    return String((status as Json)['token']);
  }

  /** A pod of one container that nobody runs. */
  createPod({ name, serviceAccount, nodeName, labels = {} }: PodOrder): Promise<Json> {
    const containers = [{ name: 'app', image: 'app' }];
    return this.create(this.pathOf('pods'), {
      metadata: { name, labels },
      spec: { serviceAccountName: serviceAccount, nodeName, containers },
    });
  }

  /** A node of this file's own; without one its pods would be cleared away. */
  async createNode(): Promise<{ readonly name: string; readonly uid: string }> {
    const name = this.newName('node');
    const node = await this.create('/api/v1/nodes', { metadata: { name } });
    this.#nodes.push(name);
    return { name, uid: String(metadataOf(node)['uid']) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const query = { labelSelector: this.selector };
    await this.admin.send({ method: 'DELETE', path: csrsPath, query });
    await this.admin.send({ method: 'DELETE', path: `/api/v1/namespaces/${this.namespace}` });
    for (const name of this.#nodes) {
      await this.admin.send({ method: 'DELETE', path: `/api/v1/nodes/${name}` });
    }
    for (const api of this.#opened) api.close();
    await this.server.stop();
  }

  #keep(api: RawApi): RawApi {
    this.#opened.push(api);
    return api;
  }
}

export interface PodOrder {
  readonly name: string;
  readonly serviceAccount: string;
  readonly nodeName?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Account {
  readonly name: string;
  readonly token: string;
  readonly username: string;
  readonly api: RawApi;
}

export function metadataOf(object: Json): Json {
  return object['metadata'] as Json;
}

export function nameOf(object: Json): string {
  return String(metadataOf(object)['name']);
}

export function versionOf(object: Json): string {
  return String(metadataOf(object)['resourceVersion']);
}
