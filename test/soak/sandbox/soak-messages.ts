import type {
  ApiFault,
  FaultOptions,
  SignerFault,
  TokenReviewFault,
  WatchFault,
} from '../../../src/sandbox/faults.ts';

/** One fault, and the board of the sandbox that it belongs to. */
export type SoakFault =
  | { readonly board: 'api'; readonly fault: ApiFault; readonly options?: FaultOptions }
  | { readonly board: 'watch'; readonly fault: WatchFault; readonly options?: FaultOptions }
  | { readonly board: 'signer'; readonly fault: SignerFault; readonly options?: FaultOptions }
  | {
      readonly board: 'tokenReview';
      readonly fault: TokenReviewFault;
      readonly options?: FaultOptions;
    };

/** What the sandbox's process is told or asked. */
export type SoakOrder =
  | { readonly kind: 'look' }
  /** Answered with a number that `clear` takes. */
  | { readonly kind: 'strike'; readonly fault: SoakFault }
  | { readonly kind: 'clear'; readonly number: number }
  | { readonly kind: 'clear-all' }
  /** Nobody is at the address for so long, as while an API server is restarted. */
  | { readonly kind: 'restart'; readonly downMs: number };

/** One certificate that a signer gave out. */
export interface IssuedFact {
  readonly signerName: string;
  readonly csrUid: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What happened since the last look, and what is there now. */
export interface SoakView {
  readonly issued: readonly IssuedFact[];
  /** Names of the requests whose approval the API confirmed. */
  readonly approved: readonly string[];
  /** CertificateSigningRequests with our label. */
  readonly objects: readonly ObjectFact[];
}

/** One object that is there. */
export interface ObjectFact {
  readonly ageMs: number;
  /** Who made it, and how far it came, for people. */
  readonly what: string;
}

export interface SoakQuestion {
  readonly id: number;
  readonly order: SoakOrder;
}

export interface SoakAnswer {
  readonly id: number;
  readonly view?: SoakView;
  readonly number?: number;
  readonly strikes?: number;
}
