import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { parseMeshTrustDomain } from '../pki/spiffe-id.ts';
import type { TrustDomain } from '../pki/spiffe-id.ts';

/** One entry of `meshConfig.caCertificates`: roots and the signers whose certificates they verify. */
export interface CaCertificateEntry {
  readonly pem: string;
  readonly certSigners: readonly string[];
}

/** What we read of Istio's MeshConfig (istio.mesh.v1alpha1). Everything else in it is ignored. */
export interface MeshConfig {
  readonly trustDomain: TrustDomain;
  /** Its ProxyConfigs without a selector are for the whole mesh. */
  readonly rootNamespace: string;
  readonly caCertificates: readonly CaCertificateEntry[];
  /** `defaultConfig.proxyMetadata.ISTIO_META_CERT_SIGNER`: the signer of workloads that name none. */
  readonly defaultCertSigner: string | undefined;
  /** Entries that are there and not used, with the reason, for one warning each. */
  readonly ignored: readonly string[];
}

/** Thrown when a mesh config cannot be used; the message names the path, and the line where known. */
export class MeshConfigError extends Error {
  readonly path: string;

  constructor(path: string, problem: string, options: { line?: number; cause?: unknown } = {}) {
    const line = options.line === undefined ? '' : ` (line ${options.line})`;
    super(path === '' ? `${problem}${line}` : `${path}${line}: ${problem}`, {
      cause: options.cause,
    });
    this.name = 'MeshConfigError';
    this.path = path;
  }
}

/** Istio's own default, MeshConfig.trust_domain. */
const defaultTrustDomain = 'cluster.local';
/** MeshConfig.root_namespace, which charts set to where Istio is installed. */
const defaultRootNamespace = 'istio-system';
const certSignerVariable = 'ISTIO_META_CERT_SIGNER';

type Mapping = Readonly<Record<string, unknown>>;

function asMapping(value: unknown, path: string): Mapping {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Mapping;
  throw new MeshConfigError(path, 'must be a mapping');
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new MeshConfigError(path, 'must be a list');
}

function asText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new MeshConfigError(path, 'must be a string');
}

function readYaml(text: string): Mapping {
  const lineCounter = new LineCounter();
  const document = readDocument(text, lineCounter);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lineCounter.linePos(error.pos[0]);
    throw new MeshConfigError(
      '',
      `mesh config is not YAML: ${error.message.split('\n')[0] ?? ''}`,
      {
        line,
        cause: error,
      },
    );
  }
  return asMapping(valueOf(document), 'mesh config');
}

function readDocument(text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // Warnings would go to standard error, past the log.
    return parseDocument(text, { lineCounter, uniqueKeys: true, logLevel: 'error' });
  } catch (cause) {
    // The library recurses, and runs out of stack on some texts.
    throw new MeshConfigError('', 'mesh config is nested too deep to be read', { cause });
  }
}

function valueOf(document: Document.Parsed): unknown {
  try {
    // Aliases are refused beyond a few, so that a small text cannot unfold into a large value.
    return document.toJS({ maxAliasCount: 16 });
  } catch (cause) {
    const problem = 'mesh config is not YAML that is read here: an alias leads nowhere or too far';
    throw new MeshConfigError('', problem, { cause });
  }
}

function readRootNamespace(mesh: Mapping): string {
  const text = asText(mesh['rootNamespace'], 'rootNamespace');
  return text === undefined || text === '' ? defaultRootNamespace : text;
}

function readTrustDomain(mesh: Mapping): TrustDomain {
  const text = asText(mesh['trustDomain'], 'trustDomain');
  try {
    return parseMeshTrustDomain(text === undefined || text === '' ? defaultTrustDomain : text);
  } catch (cause) {
    throw new MeshConfigError('trustDomain', 'is not a trust domain', { cause });
  }
}

function readCaCertificates(mesh: Mapping, ignored: string[]): readonly CaCertificateEntry[] {
  return asList(mesh['caCertificates'], 'caCertificates').flatMap((item, index) => {
    const path = `caCertificates[${index}]`;
    const entry = asMapping(item, path);
    const pem = asText(entry['pem'], `${path}.pem`);
    const certSigners = asList(entry['certSigners'], `${path}.certSigners`).map((name, i) => {
      const signer = asText(name, `${path}.certSigners[${i}]`);
      if (signer === undefined || signer === '') {
        throw new MeshConfigError(`${path}.certSigners[${i}]`, 'must name a signer');
      }
      return signer;
    });
    if (pem === undefined) {
      ignored.push(`${path} has no pem`);
      return [];
    }
    if (certSigners.length === 0) {
      // By the API's text such a root would be trusted for every signer: every tenant's peers.
      ignored.push(`${path} names no certSigners, so every tenant would trust it`);
      return [];
    }
    return [{ pem, certSigners }];
  });
}

/**
 * Reads a mesh config, YAML as in Istio's ConfigMap or file. Unknown fields are ignored, as Istio's
 * versions differ in them. Throws MeshConfigError.
 */
export function parseMeshConfig(text: string): MeshConfig {
  const mesh = readYaml(text);
  const ignored: string[] = [];
  const defaultConfig = asMapping(mesh['defaultConfig'], 'defaultConfig');
  const metadata = asMapping(defaultConfig['proxyMetadata'], 'defaultConfig.proxyMetadata');
  const path = `defaultConfig.proxyMetadata.${certSignerVariable}`;
  const defaultCertSigner = asText(metadata[certSignerVariable], path);
  return {
    trustDomain: readTrustDomain(mesh),
    rootNamespace: readRootNamespace(mesh),
    caCertificates: readCaCertificates(mesh, ignored),
    defaultCertSigner: defaultCertSigner === '' ? undefined : defaultCertSigner,
    ignored,
  };
}
