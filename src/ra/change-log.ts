/** A signer's answer that became another one after we had taken it. */
export interface CertificateChange {
  /** Of the request that the answer was for. */
  readonly requestId: string;
  readonly csrName: string;
  readonly csrUid: string;
  readonly signer: string;
  /** Of the whole text of the answers: the one that was checked, and the one that replaced it. */
  readonly takenSha256: string;
  readonly foundSha256: string;
}

/** Where such a change is put on record. */
export interface ChangeLog {
  /** Never waits and never throws. */
  changed(change: CertificateChange): void;
}
