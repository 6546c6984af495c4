import {
  CertificatesV1Api,
  V1CertificateSigningRequest,
  V1CertificateSigningRequestSpec,
  V1DeleteOptions,
  V1ObjectMeta,
  V1Preconditions,
} from '@kubernetes/client-node';
import { isJsonObject, listAt, objectAt, stringAt } from '../../base/json.ts';
import { isConflict, isNotFound } from '../api-error.ts';
import { tenantLabel } from '../labels.ts';
import type { ResourceSource } from '../resource-source.ts';
import type {
  RemovalOutcome,
  SigningRequest,
  SigningRequestApproval,
  SigningRequestDraft,
  SigningRequests,
} from '../signing-requests.ts';
import { badAnswer } from './answer-errors.ts';
import type { CallName } from './answer-errors.ts';
import type { ApiCalls } from './api-calls.ts';
import type { JsonCalls } from './json-calls.ts';
import { model } from './model.ts';
import { parseSigningRequest } from './signing-request-object.ts';

const resource = 'certificatesigningrequests';
const apiVersion = 'certificates.k8s.io/v1';
const kind = 'CertificateSigningRequest';

const create = { verb: 'create', resource };
const approve = { verb: 'update', resource: `${resource}/approval` };
const get = { verb: 'get', resource };
const remove = { verb: 'delete', resource };
const removeAll = { verb: 'deletecollection', resource };
/** The answer tells what was removed; nobody needs the certificates in it. */
const metadataAlone = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

export interface KubernetesSigningRequestsOptions {
  readonly calls: ApiCalls;
  readonly json: JsonCalls;
  /** All requests that a label selector selects. */
  readonly source: (labelSelector: string) => ResourceSource<SigningRequest>;
}

/** CertificateSigningRequests of certificates.k8s.io/v1. */
export class KubernetesSigningRequests implements SigningRequests {
  readonly #calls: ApiCalls;
  readonly #api: CertificatesV1Api;
  readonly #json: JsonCalls;
  readonly #source: KubernetesSigningRequestsOptions['source'];

  constructor({ calls, json, source }: KubernetesSigningRequestsOptions) {
    this.#calls = calls;
    this.#json = json;
    this.#api = new CertificatesV1Api(calls.configuration);
    this.#source = source;
  }

  async create(draft: SigningRequestDraft, signal: AbortSignal): Promise<SigningRequest> {
    const body = bodyOf(draft);
    const call = { ...create, tenant: draft.labels[tenantLabel] };
    const raw = await this.#calls.send(call, signal, (options) =>
      this.#api.createCertificateSigningRequestWithHttpInfo({ body }, options),
    );
    return parsed(raw, create);
  }

  async approve(
    request: SigningRequest,
    approval: SigningRequestApproval,
    signal: AbortSignal,
  ): Promise<SigningRequest> {
    // The object goes back as it came, not through client-node's model of it: fields that a newer
    // API server knows would be lost on the way.
    const body = JSON.stringify(withApproval(request, approval));
    const call = { ...approve, body, tenant: request.labels[tenantLabel] };
    const { name } = request;
    const raw = await this.#calls.send(call, signal, (options) =>
      this.#api.replaceCertificateSigningRequestApprovalWithHttpInfo(
        { name, body: bodyStub },
        options,
      ),
    );
    return parsed(raw, approve);
  }

  async read(name: string, signal: AbortSignal): Promise<SigningRequest | undefined> {
    try {
      const raw = await this.#calls.send(get, signal, (options) =>
        this.#api.readCertificateSigningRequestWithHttpInfo({ name }, options),
      );
      return parsed(raw, get);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async remove(
    target: { readonly name: string; readonly uid: string },
    signal: AbortSignal,
  ): Promise<RemovalOutcome> {
    const { name, uid } = target;
    const body = model(V1DeleteOptions, { preconditions: model(V1Preconditions, { uid }) });
    try {
      await this.#calls.send(remove, signal, (options) =>
        this.#api.deleteCertificateSigningRequestWithHttpInfo({ name, body }, options),
      );
      return 'removed';
    } catch (error) {
      // A conflict says that the name now belongs to an object with another uid.
      if (isNotFound(error) || isConflict(error)) return 'already_gone';
      throw error;
    }
  }

  async removeAll(labelSelector: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    // An empty selector would select everybody's requests.
    if (labelSelector.trim() === '') throw badAnswer('no label selects what to remove', removeAll);
    const answer = await this.#json.send(
      {
        ...removeAll,
        method: 'DELETE',
        path: ['apis', 'certificates.k8s.io', 'v1', removeAll.resource],
        // Of this very moment: what the server's memory has as older ends the call with a conflict.
        query: { labelSelector },
        headers: { accept: metadataAlone },
      },
      signal,
    );
    const uids = listAt(answer, 'items').map((item) =>
      isJsonObject(item) ? stringAt(objectAt(item, 'metadata'), 'uid') : undefined,
    );
    return new Set(uids.filter((uid) => uid !== undefined));
  }

  async list(labelSelector: string, signal: AbortSignal): Promise<readonly SigningRequest[]> {
    const { items } = await this.#source(labelSelector).list(signal);
    return items;
  }
}

/** What the typed API must be given where `ApiCall.body` says what is really sent. */
const bodyStub = new V1CertificateSigningRequest();

function bodyOf(draft: SigningRequestDraft): V1CertificateSigningRequest {
  const { name, labels, annotations, signerName, requestPem, usages, expirationSeconds } = draft;
  return model(V1CertificateSigningRequest, {
    apiVersion,
    kind,
    metadata: model(V1ObjectMeta, {
      name,
      labels: { ...labels },
      annotations: { ...annotations },
    }),
    spec: model(V1CertificateSigningRequestSpec, {
      request: Buffer.from(requestPem, 'utf8').toString('base64'),
      signerName,
      usages: [...usages],
      expirationSeconds,
    }),
  });
}

function withApproval(request: SigningRequest, approval: SigningRequestApproval): unknown {
  const raw = isJsonObject(request.raw) ? request.raw : {};
  const status = objectAt(raw, 'status');
  const conditions = [
    ...listAt(status, 'conditions'),
    { type: 'Approved', status: 'True', reason: approval.reason, message: approval.message },
  ];
  // Items of a list come without the first two.
  return { apiVersion, kind, ...raw, status: { ...status, conditions } };
}

function parsed(raw: unknown, call: CallName): SigningRequest {
  try {
    return parseSigningRequest(raw);
  } catch (error) {
    throw badAnswer('the answer is no CertificateSigningRequest', call, error);
  }
}
