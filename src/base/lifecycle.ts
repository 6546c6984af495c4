/** A thing that was started and can be stopped; `stop` is idempotent and ends within a bound. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** One named condition that must hold before the process may be called ready. */
export interface ReadinessCheck {
  readonly name: string;
  /** Undefined when the condition holds, else one sentence that says what is missing. */
  notReadyBecause(): string | undefined;
}
