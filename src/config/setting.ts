/** One thing that can be set, by flag, by environment variable, or by both (the flag wins). */
export interface Setting<T> {
  /** Without the dashes; undefined when there is no flag. */
  readonly flag?: string;
  readonly env?: string;
  /** What a person reads in `--help` and in the README. */
  readonly help: string;
  /** What stands for the value in `--help`, such as `<file>`. */
  readonly placeholder: string;
  /** The text that is parsed when nothing is set; undefined leaves the value undefined. */
  readonly fallback?: string;
  /** Throws an Error whose message completes "<name> …". */
  readonly parse: (text: string) => T;
}

/** What was typed and what the environment holds. */
export interface SettingTexts {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One setting that cannot be used, and where it came from. */
export interface SettingProblem {
  readonly source: string;
  readonly problem: string;
}

/** Thrown with every problem at once, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(problems.map(({ source, problem }) => `${source}: ${problem}`).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads settings one by one and gathers what is wrong with them. */
export class SettingReader {
  readonly #texts: SettingTexts;
  readonly #problems: SettingProblem[] = [];

  constructor(texts: SettingTexts) {
    this.#texts = texts;
  }

  /** Undefined when nothing is set and there is no fallback, or when the value cannot be used. */
  read<T>(setting: Setting<T>): T | undefined {
    const found = this.#find(setting);
    if (found === undefined) return undefined;
    try {
      return setting.parse(found.text);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.reject(found.source, problem);
      return undefined;
    }
  }

  /** Whether the setting has a text, usable or not. */
  isSet(setting: Setting<unknown>): boolean {
    return this.#find(setting) !== undefined;
  }

  /** Adds a problem that no single setting has. */
  reject(source: string, problem: string): void {
    this.#problems.push({ source, problem });
  }

  /** Throws ConfigError when anything was wrong. */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #find<T>({ flag, env, fallback }: Setting<T>): { text: string; source: string } | undefined {
    const typed = flag === undefined ? undefined : this.#texts.flags[flag];
    if (typed !== undefined) return { text: typed, source: `--${flag ?? ''}` };
    const exported = env === undefined ? undefined : this.#texts.env[env];
    // An empty variable means "not set", as Helm templates leave them.
    if (exported !== undefined && exported !== '') return { text: exported, source: env ?? '' };
    return fallback === undefined ? undefined : { text: fallback, source: 'default' };
  }
}
