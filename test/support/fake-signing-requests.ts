import { KubeApiError } from '../../src/kube/api-error.ts';
import type {
  RemovalOutcome,
  SigningRequest,
  SigningRequestApproval,
  SigningRequestCondition,
  SigningRequestDraft,
  SigningRequests,
} from '../../src/kube/signing-requests.ts';

type Verb = 'create' | 'approve' | 'read' | 'remove' | 'removeAll' | 'list';

/** What a scripted call does before (or instead of) its effect. */
export type Disturbance =
  /** The call throws and has no effect. */
  | { readonly kind: 'fails'; readonly error: Error }
  /** The call has its effect, and then its answer is lost. */
  | { readonly kind: 'answer_lost' }
  /** The call never answers and has no effect. */
  | { readonly kind: 'hangs' };

/** The account that creates objects in a `FakeSigningRequests` unless a test says otherwise. */
export const ourAccount = 'system:serviceaccount:istio-system:istio-ra';

export function apiError(status: number | undefined, reason = 'Test'): KubeApiError {
  return new KubeApiError(`scripted ${status ?? 'silence'}`, {
    status,
    reason,
    verb: 'test',
    resource: 'certificatesigningrequests',
  });
}

/** An in-memory store of CertificateSigningRequests that follows the API server's rules. */
export class FakeSigningRequests implements SigningRequests {
  readonly objects = new Map<string, SigningRequest>();
  readonly calls: string[] = [];
  /** Who creates objects from now on, as the API server records it. */
  creator = ourAccount;
  /** Changes objects as they are created, as a mutating webhook does. */
  mutate: (object: SigningRequest) => SigningRequest = (object) => object;
  readonly #script = new Map<Verb, Disturbance[]>();
  #version = 0;

  /** The next call of `verb` is disturbed; repeated calls of this line up. */
  disturb(verb: Verb, ...disturbances: Disturbance[]): void {
    this.#script.set(verb, [...(this.#script.get(verb) ?? []), ...disturbances]);
  }

  create(draft: SigningRequestDraft, signal: AbortSignal): Promise<SigningRequest> {
    return this.#call('create', signal, () => {
      if (this.objects.has(draft.name)) throw apiError(409, 'AlreadyExists');
      return this.#store(
        this.mutate({
          ...draft,
          uid: `uid-${++this.#version}`,
          resourceVersion: '',
          creationTimestamp: 0,
          username: this.creator,
          conditions: [],
          certificatePem: undefined,
          raw: undefined,
        }),
      );
    });
  }

  approve(
    request: SigningRequest,
    approval: SigningRequestApproval,
    signal: AbortSignal,
  ): Promise<SigningRequest> {
    return this.#call('approve', signal, () => {
      const current = this.objects.get(request.name);
      if (current === undefined) throw apiError(404, 'NotFound');
      if (current.resourceVersion !== request.resourceVersion) throw apiError(409, 'Conflict');
      return this.addCondition(request.name, { type: 'Approved', status: 'True', ...approval });
    });
  }

  read(name: string, signal: AbortSignal): Promise<SigningRequest | undefined> {
    return this.#call('read', signal, () => this.objects.get(name));
  }

  remove(
    target: { readonly name: string; readonly uid: string },
    signal: AbortSignal,
  ): Promise<RemovalOutcome> {
    return this.#call('remove', signal, () => {
      if (this.objects.get(target.name)?.uid !== target.uid) return 'already_gone';
      this.objects.delete(target.name);
      return 'removed';
    });
  }

  /** The selector is `<label>=<value>`, as ours are. */
  removeAll(labelSelector: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    return this.#call('removeAll', signal, () => {
      const [label = '', value] = labelSelector.split('=');
      const selected = [...this.objects.values()].filter(({ labels }) => labels[label] === value);
      for (const { name } of selected) this.objects.delete(name);
      return new Set(selected.map(({ uid }) => uid));
    });
  }

  list(_labelSelector: string, signal: AbortSignal): Promise<readonly SigningRequest[]> {
    return this.#call('list', signal, () => [...this.objects.values()]);
  }

  /** Does what an approver or a signer would do. */
  addCondition(name: string, condition: SigningRequestCondition): SigningRequest {
    const object = this.#existing(name);
    return this.#store({ ...object, conditions: [...object.conditions, condition] });
  }

  setCertificate(name: string, certificatePem: string): SigningRequest {
    return this.#store({ ...this.#existing(name), certificatePem });
  }

  /** Somebody writes a label: only the version changes. */
  touch(name: string): SigningRequest {
    return this.#store(this.#existing(name));
  }

  #existing(name: string): SigningRequest {
    const object = this.objects.get(name);
    if (object === undefined) throw new Error(`the test expected ${name} to exist`);
    return object;
  }

  #store(object: SigningRequest): SigningRequest {
    const stored = { ...object, resourceVersion: String(++this.#version) };
    this.objects.set(stored.name, stored);
    return stored;
  }

  #call<T>(verb: Verb, signal: AbortSignal, effect: () => T): Promise<T> {
    this.calls.push(verb);
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const disturbance = this.#script.get(verb)?.shift();
    switch (disturbance?.kind) {
      case 'fails':
        return Promise.reject(disturbance.error);
      case 'answer_lost':
        effect();
        return Promise.reject(apiError(undefined, 'ConnectionFailed'));
      case 'hangs':
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      case undefined:
        try {
          return Promise.resolve(effect());
        } catch (error) {
          return Promise.reject(error instanceof Error ? error : new Error(String(error)));
        }
    }
  }
}
