import { managedByLabel, managedByValue, replicaLabel } from '../../../src/kube/labels.ts';
import type { Call } from '../../../src/sandbox/call-log.ts';
import { conditionsOf } from '../../../src/sandbox/csr-status-rules.ts';
import { textAt } from '../../../src/sandbox/kube-object.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import type { Issuance } from '../../../src/sandbox/toy-signer.ts';
import type { ObjectFact, SoakView } from './soak-messages.ts';

/**
 * Tells what is new since the last look. The sandbox keeps a bounded number of calls and issuances, so
 * that one must look more often than those are replaced.
 */
export class SoakObserver {
  readonly #sandbox: Sandbox;
  #lastCall: Call | undefined;
  #lastIssuance: Issuance | undefined;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  look(): SoakView {
    const calls = after(this.#sandbox.calls(), this.#lastCall);
    const issued = after(this.#sandbox.issued(), this.#lastIssuance);
    this.#lastCall = calls.at(-1) ?? this.#lastCall;
    this.#lastIssuance = issued.at(-1) ?? this.#lastIssuance;
    return {
      issued: issued.map(({ signerName, requestUid, serialNumber, at }) => ({
        ...{ signerName, serialNumber, at },
        csrUid: requestUid,
      })),
      approved: calls.flatMap(({ verb, subresource, status, name }) =>
        verb === 'update' && subresource === 'approval' && status === 200 && name !== undefined
          ? [name]
          : [],
      ),
      objects: this.#objects(),
    };
  }

  #objects(): readonly ObjectFact[] {
    const now = Date.now();
    return this.#sandbox.objects
      .list('certificatesigningrequests')
      .filter(({ metadata }) => metadata.labels?.[managedByLabel] === managedByValue)
      .map((object) => {
        const replica = object.metadata.labels?.[replicaLabel] ?? 'nobody';
        const conditions = conditionsOf(object).map(({ type }) => type);
        const isIssued = textAt(object, 'status', 'certificate') !== undefined;
        const states = [...conditions, ...(isIssued ? ['issued'] : [])];
        const created = Date.parse(textAt(object, 'metadata', 'creationTimestamp') ?? '');
        const signer = textAt(object, 'spec', 'signerName') ?? '';
        return {
          ageMs: now - created,
          what: `${replica} ${signer}: ${states.join(', ') || 'new'}`,
        };
      });
  }
}

function after<T>(all: readonly T[], last: T | undefined): readonly T[] {
  return last === undefined ? all : all.slice(all.lastIndexOf(last) + 1);
}
