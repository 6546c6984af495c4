import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { FaultBoard, SignerFault } from './faults.ts';
import type { ObjectStore } from './object-store.ts';
import type { ToySignerOptions } from './sandbox-options.ts';
import { ToyAuthority } from './toy-authority.ts';
import { ToySigner } from './toy-signer.ts';
import type { Issuance } from './toy-signer.ts';

export interface SignerAuthority {
  readonly options: ToySignerOptions;
  readonly authority: ToyAuthority;
}

/** Makes the keys and certificates of each signer. */
export async function createAuthorities(
  signers: readonly ToySignerOptions[],
  now: number,
): Promise<readonly SignerAuthority[]> {
  return Promise.all(
    signers.map(async (options) => {
      const { signerName, keyAlgorithm = 'ecdsa-p256', intermediate = false } = options;
      const commonName = signerName;
      const authority = await ToyAuthority.create({ commonName, now, keyAlgorithm, intermediate });
      return { options, authority };
    }),
  );
}

export interface SignerSetDependencies {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults: FaultBoard<SignerFault>;
  readonly authorities: readonly SignerAuthority[];
}

/** As many issuances as are remembered. */
const maxRecordLength = 20_000;

/** All signers of a sandbox, and what they have given out. */
export class SignerSet {
  readonly #signers: readonly ToySigner[];
  readonly #issued: Issuance[] = [];

  constructor({ authorities, ...dependencies }: SignerSetDependencies) {
    this.#signers = authorities.map(
      ({ options, authority }, index) =>
        new ToySigner({
          ...dependencies,
          signerName: options.signerName,
          authority,
          otherAuthority: authorities[(index + 1) % authorities.length]?.authority ?? authority,
          latencyMs: options.latencyMs ?? 0,
          onIssued: (issuance) => {
            this.#issued.push(issuance);
            if (this.#issued.length > maxRecordLength) this.#issued.shift();
          },
        }),
    );
  }

  issued(): readonly Issuance[] {
    return [...this.#issued];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#signers.map((signer) => signer.stop()));
  }
}
