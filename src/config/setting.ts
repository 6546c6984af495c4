import { messageOf } from '../base/error-message.ts';
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

/** What was typed, what the environment holds, and what stands in a settings file. */
export interface SettingTexts {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: SettingsFile | undefined;
}

/** A settings file as it was read: its texts by flag or variable, and what is wrong with it. */
export interface SettingsFile {
  readonly path: string;
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: readonly SettingProblem[];
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

/** A text, and where it was found. */
interface Given {
  readonly text: string;
  readonly source: string;
}

/** Reads settings one by one and gathers what is wrong with them. */
export class SettingReader {
  readonly #texts: SettingTexts;
  readonly #problems: SettingProblem[] = [];

  constructor(texts: SettingTexts) {
    this.#texts = texts;
    this.#problems.push(...(texts.file?.problems ?? []));
  }

  /** Undefined when nothing is set and there is no fallback, or when the value cannot be used. */
  read<T>(setting: Setting<T>): T | undefined {
    const found = this.#find(setting);
    if (found === undefined) return undefined;
    try {
      return setting.parse(found.text);
    } catch (error) {
      const problem = messageOf(error);
      this.reject(found.source, problem);
      return undefined;
    }
  }

  /**
   * As `read`, for a setting with a fallback. A text that cannot be used is noted, so that `finish`
   * throws before anybody looks at what came of it.
   */
  need<T>(setting: Setting<T> & { readonly fallback: string }): T {
    return this.read(setting) as T;
  }

  /** Whether somebody set it, to something usable or not; a fallback does not count. */
  isGiven(setting: Setting<unknown>): boolean {
    return this.#findGiven(setting) !== undefined;
  }

  /** What was given under this one name, wherever it stands. */
  given(name: string): Given | undefined {
    return this.#findGiven({ flag: name, env: name });
  }

  /** Every name that something was given under. */
  givenNames(): readonly string[] {
    const { flags, env, file } = this.#texts;
    const names = [...Object.keys(flags), ...Object.keys(env), ...(file?.texts.keys() ?? [])];
    return [...new Set(names)].filter((name) => this.given(name) !== undefined);
  }

  /** Adds a problem that no single setting has. */
  reject(source: string, problem: string): void {
    this.#problems.push({ source, problem });
  }

  /** Throws ConfigError when anything was wrong. */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #find(setting: Setting<unknown>): Given | undefined {
    const given = this.#findGiven(setting);
    if (given !== undefined || setting.fallback === undefined) return given;
    return { text: setting.fallback, source: 'default' };
  }

  #findGiven({ flag, env }: Pick<Setting<unknown>, 'flag' | 'env'>): Given | undefined {
    const { flags, env: environment, file } = this.#texts;
    const typed = flag === undefined ? undefined : flags[flag];
    if (typed !== undefined) return { text: typed, source: `--${flag ?? ''}` };
    const exported = env === undefined ? undefined : environment[env];
    // An empty variable means "not set", as Helm templates leave them.
    if (exported !== undefined && exported !== '') return { text: exported, source: env ?? '' };
    return file === undefined ? undefined : findInFile(file, [flag, env]);
  }
}

function findInFile(
  { path, texts }: SettingsFile,
  names: readonly (string | undefined)[],
): Given | undefined {
  const name = names.find((each) => each !== undefined && (texts.get(each) ?? '') !== '');
  if (name === undefined) return undefined;
  return { text: texts.get(name) ?? '', source: `${name} in ${path}` };
}
