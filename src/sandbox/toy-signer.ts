import { X509Certificate } from 'node:crypto';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error-message.ts';
import type { Logger } from '../base/logger.ts';
import type { FaultBoard, FaultFacts, SignerFault } from './faults.ts';
import { objectAt, textAt, timestamp, valueAt } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { conditionsOf } from './csr-status-rules.ts';
import { chainFor, templateFor } from './faulty-certificates.ts';
import type { ToyAuthority } from './toy-authority.ts';

export interface ToySignerDependencies {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults: FaultBoard<SignerFault>;
  readonly signerName: string;
  readonly authority: ToyAuthority;
  /** An authority of another signer, for the faults that need one. */
  readonly otherAuthority: ToyAuthority;
  readonly latencyMs: number;
  readonly onIssued: (issuance: Issuance) => void;
}

/** One certificate that a toy signer has given out. */
export interface Issuance {
  readonly signerName: string;
  readonly requestName: string;
  readonly requestUid: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly certificatePem: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

const resource = 'certificatesigningrequests';

/** Signs the approved requests to one signer name, as a controller in a cluster does. */
export class ToySigner {
  readonly #deps: ToySignerDependencies;
  readonly #stopped = new AbortController();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #seen = new Set<string>();
  readonly #unsubscribe: () => void;

  constructor(dependencies: ToySignerDependencies) {
    this.#deps = dependencies;
    this.#unsubscribe = dependencies.store.subscribe((change) => {
      this.#notice(change);
    });
  }

  /** Ends when everything under way has ended. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopped.abort(new Error('the sandbox is stopped'));
    await Promise.all(this.#underWay.values());
  }

  #notice({ resource: changed, type, object }: Change): void {
    const { signerName, faults } = this.#deps;
    if (changed !== resource || textAt(object, 'spec', 'signerName') !== signerName) return;
    const { uid } = object.metadata;
    if (type === 'DELETED') {
      this.#seen.delete(uid);
      return;
    }
    if (type === 'ADDED') {
      const denial = faults.strike(this.#factsOf(object), ({ kind }) => kind === 'deny');
      if (denial?.kind === 'deny') this.#deny(object, denial);
    }
    if (!isWaiting(object) || this.#seen.has(uid)) return;
    this.#seen.add(uid);
    const work = this.#sign(object)
      .catch((error: unknown) => {
        if (!this.#stopped.signal.aborted) {
          this.#deps.log.warn('a toy signer failed', { error, signerName });
        }
      })
      .finally(() => this.#underWay.delete(uid));
    this.#underWay.set(uid, work);
  }

  async #sign(request: KubeObject): Promise<void> {
    const { clock, faults, latencyMs } = this.#deps;
    const fault = faults.strike(this.#factsOf(request), ({ kind }) => kind !== 'deny');
    if (fault?.kind === 'never') return;
    const delayMs = latencyMs + (fault?.kind === 'delay' ? fault.ms : 0);
    if (delayMs > 0) await sleep(clock, delayMs, this.#stopped.signal);
    if (fault?.kind !== 'fail') {
      await this.#issue(request, fault);
      return;
    }
    const { reason = 'SigningFailed', message = 'a fault of the sandbox' } = fault;
    this.#fail(request, reason, message);
  }

  async #issue(request: KubeObject, fault: SignerFault | undefined): Promise<void> {
    const pem = await this.#chain(request, fault).catch((error: unknown) => {
      const why = messageOf(error);
      this.#fail(request, 'SigningError', `Error signing certificate: ${why}`);
      return undefined;
    });
    if (pem === undefined || !this.#writeCertificate(request, pem)) return;
    if (fault?.kind !== 'changed-after-issue') return;
    await sleep(this.#deps.clock, fault.afterMs ?? 0, this.#stopped.signal);
    this.#writeCertificate(request, await this.#chain(request, undefined));
  }

  async #chain(request: KubeObject, fault: SignerFault | undefined): Promise<string> {
    const { authority, otherAuthority, clock } = this.#deps;
    const template = await templateFor(request, clock.now(), fault);
    const signing = fault?.kind === 'wrong-root' ? otherAuthority : authority;
    const leaf = await signing.sign(template);
    return chainFor(leaf, { authority: signing, otherAuthority, fault });
  }

  #factsOf(request: KubeObject): FaultFacts {
    const { name } = request.metadata;
    const user = textAt(request, 'spec', 'username');
    return { verb: 'sign', resource, signerName: this.#deps.signerName, name, user };
  }

  /** Written past the rules of the API, so that faults can write what it would refuse. */
  #writeCertificate(request: KubeObject, pem: string): boolean {
    const certificate = Buffer.from(pem).toString('base64');
    const isWritten = this.#writeStatus(request, (status) => ({ ...status, certificate }));
    const serialNumber = serialOf(pem);
    if (isWritten && serialNumber !== undefined) {
      this.#deps.onIssued({
        signerName: this.#deps.signerName,
        requestName: request.metadata.name,
        requestUid: request.metadata.uid,
        serialNumber,
        certificatePem: pem,
        at: this.#deps.clock.now(),
      });
    }
    return isWritten;
  }

  #deny(request: KubeObject, { reason, message }: { reason?: string; message?: string }): void {
    this.#addCondition(request, {
      type: 'Denied',
      reason: reason ?? 'PolicyDenied',
      message: message ?? 'a fault of the sandbox',
    });
  }

  #fail(request: KubeObject, reason: string, message: string): void {
    this.#addCondition(request, { type: 'Failed', reason, message });
  }

  #addCondition(request: KubeObject, condition: JsonObject): void {
    const now = timestamp(this.#deps.clock.now());
    const dated = { status: 'True', ...condition, lastUpdateTime: now, lastTransitionTime: now };
    this.#writeStatus(request, (status, current) => ({
      ...status,
      conditions: [...conditionsOf(current), dated],
    }));
  }

  /** False when the request is gone, or another has its name. */
  #writeStatus(
    { metadata }: KubeObject,
    change: (status: JsonObject, current: KubeObject) => JsonObject,
  ): boolean {
    const { store } = this.#deps;
    const current = store.get(resource, undefined, metadata.name);
    if (current?.metadata.uid !== metadata.uid) return false;
    const status = change(objectAt(current, 'status'), current);
    store.replace(resource, { ...current, status }, current);
    return true;
  }
}

function isWaiting(request: KubeObject): boolean {
  const types = conditionsOf(request).map(({ type }) => type);
  const isIssued = valueAt(request, 'status', 'certificate') !== undefined;
  return types.includes('Approved') && !types.includes('Failed') && !isIssued;
}

function serialOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).serialNumber;
  } catch {
    return undefined;
  }
}
