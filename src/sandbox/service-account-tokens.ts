import { createHash, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { UserInfo } from './user-info.ts';
import { isJsonObject, objectAt, textAt, textsAt, valueAt } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';

export interface TokenOrder {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** The Pod that the token lives and dies with. */
  readonly pod?: string | undefined;
}

export type TokenVerdict =
  | {
      readonly kind: 'accepted';
      readonly user: UserInfo;
      /** Those of the audiences asked for that the token carries. */
      readonly audiences: readonly string[];
    }
  | { readonly kind: 'refused'; readonly error: string };

export interface ServiceAccountTokensOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

const issuer = 'https://kubernetes.default.svc';

/** Issues and checks the tokens of service accounts: ES256 in compact form (RFC 7515). */
export class ServiceAccountTokens {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #header: string;

  constructor({ store, clock }: ServiceAccountTokensOptions) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const kid = createHash('sha256').update(spki).digest('base64url');
    this.#store = store;
    this.#clock = clock;
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
    this.#header = encode({ alg: 'ES256', kid });
  }

  /** The public key, for those who check tokens themselves. */
  get publicKeyPem(): string {
    return String(this.#publicKey.export({ type: 'spki', format: 'pem' }));
  }

  /** A token for an account, and for a Pod, that exist. Throws an Error when they do not. */
  issue({ namespace, serviceAccount, audiences, expirationSeconds, pod }: TokenOrder): string {
    const now = Math.floor(this.#clock.now() / 1000);
    const account = this.#find('serviceaccounts', namespace, serviceAccount);
    const bound = pod === undefined ? undefined : this.#find('pods', namespace, pod);
    const claims = {
      aud: audiences,
      exp: now + expirationSeconds,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(bound === undefined ? {} : { ...this.#nodeClaim(bound), pod: reference(bound) }),
        serviceaccount: reference(account),
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    };
    const signed = `${this.#header}.${encode(claims)}`;
    const key = { key: this.#privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  }

  /** Whether the token is ours, in force, for one of `audiences`, and what it is bound to exists. */
  verify(token: string, audiences: readonly string[]): TokenVerdict {
    const claims = this.#verifiedClaims(token);
    if (claims === 'no-token') return refused('invalid bearer token');
    if (claims === 'not-ours') {
      return refused('[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]');
    }
    const carried = textsAt(claims, 'aud');
    const common = audiences.filter((audience) => carried.includes(audience));
    if (common.length === 0) {
      return refused(
        `[invalid bearer token, token audiences ${goList(carried)} is invalid for the target audiences ${goList(audiences)}]`,
      );
    }
    const problem = this.#timeProblem(claims) ?? this.#bindingProblem(claims);
    if (problem !== undefined) return refused(`[invalid bearer token, ${problem}]`);
    return { kind: 'accepted', user: userOf(claims), audiences: common };
  }

  #verifiedClaims(token: string): JsonObject | 'no-token' | 'not-ours' {
    const [header, payload, signature, ...more] = token.split('.');
    if (payload === undefined || signature === undefined || more.length > 0) return 'no-token';
    if (header !== this.#header) return 'not-ours';
    const key = { key: this.#publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const signed = Buffer.from(`${header}.${payload}`);
    const isOurs = verify('sha256', signed, key, Buffer.from(signature, 'base64url'));
    if (!isOurs) return 'not-ours';
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isJsonObject(claims) ? claims : 'no-token';
  }

  #timeProblem(claims: JsonObject): string | undefined {
    const now = this.#clock.now() / 1000;
    if (now > Number(claims['exp'])) return 'service account token has expired';
    if (now + 1 < Number(claims['nbf'])) return 'service account token is not valid yet';
    return undefined;
  }

  #bindingProblem(claims: JsonObject): string | undefined {
    const kubernetes = objectAt(claims, 'kubernetes.io');
    const namespace = textAt(kubernetes, 'namespace');
    const bound = [
      ['serviceaccounts', objectAt(kubernetes, 'serviceaccount')],
      ['pods', valueAt(kubernetes, 'pod')],
    ] as const;
    for (const [resource, claim] of bound) {
      if (claim === undefined) continue;
      const name = textAt(claim, 'name') ?? '';
      const found = this.#store.get(resource, namespace, name);
      if (found === undefined) return `${resource} "${name}" not found`;
      if (found.metadata.uid !== textAt(claim, 'uid')) {
        return 'service account token has been invalidated';
      }
    }
    return undefined;
  }

  #find(resource: string, namespace: string, name: string): KubeObject {
    const found = this.#store.get(resource, namespace, name);
    if (found === undefined) throw new Error(`${resource} "${name}" not found`);
    return found;
  }

  #nodeClaim(pod: KubeObject): JsonObject {
    const name = textAt(pod, 'spec', 'nodeName');
    if (name === undefined) return {};
    const node = this.#store.get('nodes', undefined, name);
    return { node: node === undefined ? { name } : reference(node) };
  }
}

function refused(error: string): TokenVerdict {
  return { kind: 'refused', error };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function reference({ metadata }: KubeObject): JsonObject {
  return { name: metadata.name, uid: metadata.uid };
}

function goList(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
}

function userOf(claims: JsonObject): UserInfo {
  const kubernetes = objectAt(claims, 'kubernetes.io');
  const extra: [string, string | undefined][] = [
    ['credential-id', `JTI=${textAt(claims, 'jti') ?? ''}`],
    ['node-name', textAt(kubernetes, 'node', 'name')],
    ['node-uid', textAt(kubernetes, 'node', 'uid')],
    ['pod-name', textAt(kubernetes, 'pod', 'name')],
    ['pod-uid', textAt(kubernetes, 'pod', 'uid')],
  ];
  return {
    username: textAt(claims, 'sub') ?? '',
    uid: textAt(kubernetes, 'serviceaccount', 'uid') ?? '',
    groups: [
      'system:serviceaccounts',
      `system:serviceaccounts:${textAt(kubernetes, 'namespace') ?? ''}`,
      'system:authenticated',
    ],
    extra: Object.fromEntries(
      extra.flatMap(([name, value]) =>
        value === undefined ? [] : [[`authentication.kubernetes.io/${name}`, [value]]],
      ),
    ),
  };
}
