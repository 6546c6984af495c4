import { isJsonObject } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
/** Labels of a pod or a namespace, or those that a selector asks for. */
export type Labels = Readonly<Record<string, string>>;

/** Whom a ProxyConfig applies to. */
export type ProxyConfigScope =
  /** It has no selector: every workload of its namespace, or of the mesh from the root namespace. */
  | { readonly kind: 'namespace' }
  /** Pods of its own namespace that carry all of these labels; with none of them, every pod. */
  | { readonly kind: 'workloads'; readonly matchLabels: Labels }
  /** It has a selector that selects by nothing; Istio then uses it for nobody. */
  | { readonly kind: 'nobody' };

/** What we keep of one ProxyConfig (networking.istio.io): whom it applies to and which signer it names. */
export interface ProxyConfigEntry {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Milliseconds since the Unix epoch; 0 where it cannot be read, as for Go's zero time. */
  readonly createdAtMs: number;
  readonly scope: ProxyConfigScope;
  /** `spec.environmentVariables.ISTIO_META_CERT_SIGNER` as it stands; undefined when absent or "". */
  readonly certSigner: string | undefined;
  /** Why it cannot be understood. Whoever it applies to must get nothing, rather than something else. */
  readonly fault: string | undefined;
}

const certSignerVariable = 'ISTIO_META_CERT_SIGNER';
/** More than pods carry in practice; a bound on what one object can make us keep and compare. */
const maxLabels = 32;
/** The longest label key (253 + 1 + 63) and value that Kubernetes allows, the longer of the two. */
const maxLabelTextLength = 317;
/** No signer name is longer: a domain of 253, a slash, a path of 317. */
const maxSignerLength = 571;

/** Says what is wrong with one object; caught where the object becomes an entry. */
class Fault extends Error {}

/**
 * Reads a ProxyConfig as an API server sends it. Never throws: what cannot be understood becomes an
 * entry with a `fault` that applies to at least those it was meant for. Undefined for what has no
 * namespace or no name, which no API server sends.
 */
export function parseProxyConfig(object: unknown): ProxyConfigEntry | undefined {
  const { metadata, spec } = mapping(object);
  const meta = mapping(metadata);
  const [namespace, name] = [text(meta['namespace']), text(meta['name'])];
  if (namespace === '' || name === '') return undefined;
  const identity = {
    namespace,
    name,
    uid: text(meta['uid']),
    resourceVersion: text(meta['resourceVersion']),
    createdAtMs: instant(meta['creationTimestamp']),
  };
  return Object.freeze({ ...identity, ...readSpec(spec) });
}

function readSpec(value: unknown): Pick<ProxyConfigEntry, 'scope' | 'certSigner' | 'fault'> {
  let scope: ProxyConfigScope = { kind: 'workloads', matchLabels: {} };
  try {
    const spec = optionalMapping(value, 'spec');
    scope = readScope(spec['selector']);
    return { scope, certSigner: readCertSigner(spec['environmentVariables']), fault: undefined };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { scope, certSigner: undefined, fault: error.message };
  }
}

function readScope(value: unknown): ProxyConfigScope {
  if (value === undefined || value === null) return { kind: 'namespace' };
  const labels = optionalMapping(
    optionalMapping(value, 'spec.selector')['matchLabels'],
    'spec.selector.matchLabels',
  );
  const pairs = Object.entries(labels).map(([key, label]) => [key, asLabel(key, label)] as const);
  if (pairs.length === 0) return { kind: 'nobody' };
  if (pairs.length > maxLabels) {
    throw new Fault(`spec.selector.matchLabels has more than ${maxLabels} labels`);
  }
  return Object.freeze({
    kind: 'workloads',
    matchLabels: Object.freeze(Object.fromEntries(pairs)),
  });
}

function asLabel(key: string, value: unknown): string {
  const readable =
    typeof value === 'string' && Math.max(key.length, value.length) <= maxLabelTextLength;
  if (!readable) throw new Fault('spec.selector.matchLabels holds what is not a label');
  return value;
}

/** An empty value counts as none: it names no signer, and pods that are given it ask for none. */
function readCertSigner(value: unknown): string | undefined {
  const variable = optionalMapping(value, 'spec.environmentVariables')[certSignerVariable];
  if (variable === undefined || variable === null || variable === '') return undefined;
  if (typeof variable === 'string' && variable.length <= maxSignerLength) return variable;
  throw new Fault(`spec.environmentVariables.${certSignerVariable} cannot be a signer`);
}

function mapping(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function optionalMapping(value: unknown, path: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isJsonObject(value)) return value;
  throw new Fault(`${path} is not a mapping`);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A time as JSON has it, or as a client library made a Date of it. */
function instant(value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : Date.parse(text(value));
  return Number.isNaN(ms) ? 0 : ms;
}
