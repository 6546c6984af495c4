import { parseListenAddress } from '../base/listen-address.ts';
import { parseGoDuration } from '../base/go-duration.ts';
import type { Setting } from './setting.ts';

/** Any text; each parser here throws an Error whose message completes "<name> …". */
export const text = (value: string): string => value;

/** A setting that is the path of a file and has a flag. */
export function file(flag: string, help: string): Setting<string> & { readonly flag: string } {
  return { flag, help, placeholder: '<file>', parse: text };
}

/** A setting that is `true` or `false` and has a variable. */
export function switchVariable(
  env: string,
  help: string,
): Setting<boolean> & { readonly env: string } {
  return { env, help, placeholder: '<bool>', parse: boolean };
}

/** `host:port` or `:port`; stays text, since the server reads it where it listens. */
export function listenAddress(value: string): string {
  parseListenAddress(value);
  return value;
}

export function oneOf<T extends string>(allowed: readonly T[]): (value: string) => T {
  return (value) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return found;
  };
}

/** Items joined by commas, one at least. */
export function list(value: string): readonly string[] {
  const items = value.split(',').map((item) => item.trim());
  const kept = items.filter((item) => item !== '');
  if (kept.length === 0) throw new Error('must name at least one');
  return kept;
}

export function boolean(value: string): boolean {
  return oneOf(['true', 'false'] as const)(value) === 'true';
}

export function positiveInteger(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new Error('must be a whole number above 0');
  return Number(value);
}

export function port(value: string): number {
  const number = positiveInteger(value);
  if (number > 65_535) throw new Error('must be a port, and so at most 65535');
  return number;
}

/** A duration as Go writes them, of a second at least, in milliseconds. */
export function positiveMs(value: string): number {
  const ms = parseGoDuration(value);
  if (ms < 1000) throw new Error('must be at least 1s');
  return ms;
}

/** A validity, in whole seconds. */
export function ttlSeconds(value: string): number {
  const seconds = Math.floor(parseGoDuration(value) / 1000);
  if (seconds < 600) throw new Error('must be at least 10m, the least that Kubernetes takes');
  return seconds;
}

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const subdomain = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`);
const singleLabel = new RegExp(`^${label}$`);

/** The name of an object, as Kubernetes has it for ConfigMaps, Secrets and service accounts. */
export function objectName(value: string): string {
  if (subdomain.test(value)) return value;
  throw new Error('must be the name of a Kubernetes object: lower-case letters, digits, - and .');
}

/** A namespace or a revision. */
export function labelName(value: string): string {
  if (singleLabel.test(value)) return value;
  throw new Error('must be lower-case letters, digits and -, 63 at most');
}

/** A DNS name, without a port. */
export function hostName(value: string): string {
  if (subdomain.test(value)) return value;
  throw new Error('must be a host name in lower case, without a scheme or a port');
}
