import type { Answer } from '../../../src/sandbox/answer.ts';
import { Authorizer } from '../../../src/sandbox/authorization.ts';
import { FaultBoard } from '../../../src/sandbox/faults.ts';
import type { TokenReviewFault } from '../../../src/sandbox/faults.ts';
import type { KubeObject } from '../../../src/sandbox/kube-object.ts';
import { ObjectStore } from '../../../src/sandbox/object-store.ts';
import { requestInfoOf } from '../../../src/sandbox/request-info.ts';
import { ResourceApi } from '../../../src/sandbox/resource-api.ts';
import { ReviewHandlers } from '../../../src/sandbox/review-handlers.ts';
import { SandboxObjects } from '../../../src/sandbox/sandbox-objects.ts';
import { ServiceAccountTokens } from '../../../src/sandbox/service-account-tokens.ts';
import { StatusError } from '../../../src/sandbox/status-error.ts';
import type { UserInfo } from '../../../src/sandbox/user-info.ts';
import { WriteHandlers } from '../../../src/sandbox/write-handlers.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A request to `foo`'s signer whose key nobody has any more. */
export const requestPem = `-----BEGIN CERTIFICATE REQUEST-----
MIIBAzCBqwIBADAAMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElZTfb8R6JqZy
m2t0cSGqbH6Jwbov7Z9xdI6ZAbhJC8ULjq9B4qIzT+W/doybFb4E+HNHf5zVOXsr
hZjQk+OphKBJMEcGCSqGSIb3DQEJDjE6MDgwNgYDVR0RAQH/BCwwKoYoc3BpZmZl
Oi8vY2x1c3Rlci5sb2NhbC9ucy9mb28vc2EvaHR0cGJpbjAKBggqhkjOPQQDAgNH
ADBEAiArauKcBw1rYZwofRp9hPgueirxkmbFu2vLq79G20r9ZQIgPmSOxvi9884y
pxaeOoHtkffEEGxDD8JQOb5Uw/sal1A=
-----END CERTIFICATE REQUEST-----
`;

export const administrator: UserInfo = {
  username: 'kubernetes-admin',
  groups: ['system:masters', 'system:authenticated'],
  extra: {},
};

export const bob: UserInfo = {
  username: 'bob',
  groups: ['system:authenticated'],
  extra: {},
};

export const requestsPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

/** The body of a CertificateSigningRequest, with fields of its spec replaced. */
export function aRequest(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, ...metadata },
    spec: {
      request: Buffer.from(requestPem).toString('base64'),
      signerName: 'clusterissuers.cert-manager.io/foo',
      usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
      expirationSeconds: 3600,
      ...spec,
    },
  };
}

export interface CallOptions {
  readonly user?: UserInfo;
  readonly contentType?: string;
}

/** The API without its HTTP side. */
export class ApiWorld {
  readonly clock = new FakeClock();
  readonly store = new ObjectStore({ historySize: 100, maxObjects: 100 });
  readonly objects = new SandboxObjects(this.store, () => this.clock.now());
  readonly tokens = new ServiceAccountTokens({ store: this.store, clock: this.clock });
  readonly authorizer = new Authorizer();
  readonly reviewFaults = new FaultBoard<TokenReviewFault>();
  readonly #api: ResourceApi;

  constructor() {
    const now = (): number => this.clock.now();
    const { store, tokens, authorizer } = this;
    this.#api = new ResourceApi({
      store,
      tokens,
      now,
      writes: new WriteHandlers({ store, authorizer, now }),
      reviews: new ReviewHandlers({ tokens, authorizer, faults: this.reviewFaults, now }),
    });
  }

  call(method: string, path: string, body?: unknown, options: CallOptions = {}): Answer {
    const url = new URL(path, 'https://sandbox');
    const info = requestInfoOf(method, url);
    if (info.kind === 'path' || info.definition === undefined) throw new Error(`no ${path}`);
    const isNamed = !['list', 'watch', 'deletecollection'].includes(info.verb);
    return this.#api.handle({
      ...info,
      definition: info.definition,
      namespace: info.definition.namespaced ? info.namespace : undefined,
      name: isNamed ? (info.name ?? '') : '',
      query: url.searchParams,
      user: options.user ?? administrator,
      userAgent: 'test/1.0',
      body: {
        bytes: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        contentType: options.contentType ?? 'application/json',
      },
    });
  }

  /** The object that a call answers with. */
  object(method: string, path: string, body?: unknown, options?: CallOptions): KubeObject {
    const answer = this.call(method, path, body, options);
    if (answer.kind !== 'object') throw new Error(`the answer is of kind ${answer.kind}`);
    return answer.object;
  }

  /** The value that a call answers with. */
  value(method: string, path: string, body?: unknown, options?: CallOptions): unknown {
    const answer = this.call(method, path, body, options);
    if (answer.kind !== 'json') throw new Error(`the answer is of kind ${answer.kind}`);
    return answer.value;
  }

  /** The names that a list gives. */
  names(path: string): readonly string[] {
    const answer = this.call('GET', path);
    if (answer.kind !== 'list') throw new Error(`the answer is of kind ${answer.kind}`);
    return answer.list.items.map(({ metadata }) => metadata.name);
  }

  /** The StatusError that a call ends in. */
  refusal(method: string, path: string, body?: unknown, options?: CallOptions): StatusError {
    return refusalOf(() => this.call(method, path, body, options));
  }
}

/** The StatusError that is thrown. */
export function refusalOf(action: () => unknown): StatusError {
  try {
    action();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** An object with conditions in its status. */
export function withConditions(object: object, ...types: readonly string[]): object {
  const conditions = types.map((type) => ({ type, status: 'True', reason: 'r', message: 'm' }));
  return { ...object, status: { conditions } };
}
