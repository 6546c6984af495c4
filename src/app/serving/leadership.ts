/** Whether this replica is the one that writes what all share. */
export interface Leadership {
  readonly isLeader: boolean;
  /** Calls `listener` when that changes. */
  onChange(listener: (isLeader: boolean) => void): void;
}
