import { messageOf } from '../base/error-message.ts';
import { readYaml } from '../base/yaml-document.ts';
import { flagsWithoutEffect, isIstiodVariable, isRefused } from './istiod-settings.ts';
import { nearestName } from './nearest-name.ts';
import type { SettingProblem, SettingsFile } from './setting.ts';

/** Longer is no settings file. */
const maxFileBytes = 256 * 1024;
/** What names the settings file, by flag and by variable. */
const namesOfTheFile: readonly string[] = ['config', 'ISTIO_RA_CONFIG'];
/** How many letters may be wrong in what is certainly a slip. */
const slip = 2;

export interface SettingsFileOptions {
  /** For problems: where the text is from. */
  readonly path: string;
  /** Each setting's names: its flag, its variable. */
  readonly settings: readonly (readonly string[])[];
}

/**
 * Reads a settings file: YAML, flags and variables by their names. Never throws: what is wrong is told
 * together with what is wrong with the other settings.
 */
export function parseSettingsFile(text: string, options: SettingsFileOptions): SettingsFile {
  const { path } = options;
  try {
    const entries = Object.entries(readMapping(text));
    const read = entries.map(([name, value]) => readEntry(name, value, options));
    const twice = findTwice(entries, options);
    return {
      path,
      texts: new Map(read.flatMap(({ entry }) => (entry === undefined ? [] : [entry]))),
      problems: [...read.flatMap(({ problem }) => problem ?? []), ...twice],
    };
  } catch (error) {
    return unusable(path, messageOf(error));
  }
}

/** A settings file of which nothing can be used. */
export function unusable(path: string, problem: string): SettingsFile {
  return { path, texts: new Map(), problems: [{ source: path, problem }] };
}

function readMapping(text: string): Readonly<Record<string, unknown>> {
  if (text.length > maxFileBytes) throw new Error(`is longer than ${maxFileBytes} characters`);
  // Its scalars are texts as they stand, as are those of flags and variables.
  const value = readYaml(text, { schema: 'failsafe', maxAliases: 0 });
  if (value === null || value === undefined || value === '') return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error('must be a mapping of settings to values');
}

interface EntryRead {
  readonly entry?: readonly [name: string, text: string];
  readonly problem?: SettingProblem;
}

function readEntry(name: string, value: unknown, options: SettingsFileOptions): EntryRead {
  const source = `${name} in ${options.path}`;
  if (namesOfTheFile.includes(name))
    return { problem: { source, problem: 'cannot stand in the file itself' } };
  const known = options.settings.flat();
  if (!known.includes(name) && !isOfIstiod(name, known)) {
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    return { problem: { source, problem: `is not a setting${hint}` } };
  }
  const text = textOf(value);
  if (text !== undefined) return { entry: [name, text] };
  return { problem: { source, problem: 'must be a text, a number, a bool or a list of texts' } };
}

/** Any name may be a variable of istiod's, but not one that looks like a slip in one of ours. */
function isOfIstiod(name: string, known: readonly string[]): boolean {
  if (flagsWithoutEffect.includes(name) || isRefused(name)) return true;
  return isIstiodVariable(name) && nearestName(name, known, slip) === undefined;
}

/** A list is as its items joined by commas. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  return items.every((item) => typeof item === 'string') ? items.join(',') : undefined;
}

/** A setting may stand there by its flag or by its variable, but not by both. */
function findTwice(
  entries: readonly (readonly [string, unknown])[],
  { path, settings }: SettingsFileOptions,
): readonly SettingProblem[] {
  const present = new Set(entries.map(([name]) => name));
  return settings
    .filter((names) => names.filter((name) => present.has(name)).length > 1)
    .map(([first = '', second = '']) => ({
      source: `${first} in ${path}`,
      problem: `is the same as ${second}: keep one of them`,
    }));
}
