import type { Authenticator, Credentials } from '../../../../src/authn/authenticator.ts';
import type { Caller } from '../../../../src/authn/caller.ts';
import { RaError } from '../../../../src/base/ra-error.ts';
import { parseSpiffeId } from '../../../../src/pki/spiffe-id.ts';
import type { DecisionLog } from '../../../../src/ra/decision-log.ts';
import type { Decision } from '../../../../src/ra/decision.ts';
import type { CertificateIssuer, IssueRequest } from '../../../../src/ra/issue-request.ts';
import { IssuedChain } from '../../../../src/ra/issued-chain.ts';
import type { Certificate } from '../../../../src/pki/certificate.ts';
import type { VerifiedChain } from '../../../../src/ra/verified-chain.ts';

export const httpbinOfFoo: Caller = {
  identity: parseSpiffeId('spiffe://cluster.local/ns/foo/sa/httpbin'),
  method: 'kubernetes-token',
  cluster: 'Kubernetes',
  pod: { name: 'httpbin-1', uid: 'uid-1' },
  allowedSigners: 'all',
};

/** Knows one token; keeps what it was shown. */
export class FakeAuthenticator implements Authenticator {
  readonly seen: Credentials[] = [];
  behave: (credentials: Credentials, signal: AbortSignal) => Promise<Caller> = (credentials) => {
    if (credentials.authorization[0] === 'Bearer good') return Promise.resolve(httpbinOfFoo);
    return Promise.reject(new RaError('CALLER_UNAUTHENTICATED', 'the token is not good'));
  };

  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Caller> {
    this.seen.push(credentials);
    return this.behave(credentials, signal);
  }
}

export const chainElements = ['leaf\n', 'intermediate\n', 'root one\nroot two\n'] as const;

export function aChain(): IssuedChain {
  const [leaf, intermediate, roots] = chainElements.map((pem) => ({ pem }));
  const chain = { leaf, intermediates: [intermediate] };
  return IssuedChain.of(chain as unknown as VerifiedChain, [roots as unknown as Certificate]);
}

/** Issues the same chain to everybody, unless told otherwise; keeps what it was asked. */
export class FakeIssuer implements CertificateIssuer {
  readonly seen: { readonly request: IssueRequest; readonly signal: AbortSignal }[] = [];
  readonly succeed = (): Promise<IssuedChain> => Promise.resolve(aChain());
  behave: (request: IssueRequest, signal: AbortSignal) => Promise<IssuedChain> = this.succeed;
  #waiting: (() => void)[] = [];

  issue(request: IssueRequest, signal: AbortSignal): Promise<IssuedChain> {
    this.seen.push({ request, signal });
    for (const wake of this.#waiting.splice(0)) wake();
    return this.behave(request, signal);
  }

  /** Resolves when the next request has come. */
  awaitCall(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Never answers, and does not even look at its signal. */
  hang(): void {
    this.behave = () => new Promise(() => undefined);
  }

  fail(error: unknown): void {
    this.behave = () => {
      throw error;
    };
  }
}

export interface Outcome {
  readonly kind: 'issued' | 'refused';
  readonly decision: Decision;
  readonly error?: RaError;
}

export class RecordingDecisions implements DecisionLog {
  readonly outcomes: Outcome[] = [];
  #waiting: (() => void)[] = [];

  issued(decision: Decision): Promise<void> {
    this.#add({ kind: 'issued', decision });
    return Promise.resolve();
  }

  refused(decision: Decision, error: RaError): void {
    this.#add({ kind: 'refused', decision, error });
  }

  get codes(): readonly string[] {
    return this.outcomes.map(({ kind, error }) => error?.code ?? kind);
  }

  /** Resolves once that many outcomes were written. */
  async awaitCount(count: number): Promise<void> {
    while (this.outcomes.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #add(outcome: Outcome): void {
    this.outcomes.push(outcome);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
