import { parseBearerToken } from '../../../src/authn/bearer-token.ts';
import { resolveClusterId } from '../../../src/authn/cluster-id.ts';
import { parseServiceAccountUsername } from '../../../src/authn/service-account-username.ts';
import { readUnverifiedClaims } from '../../../src/authn/unverified-claims.ts';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import { SignerPolicyError } from '../../../src/authz/policy-problem.ts';
import { DurationError, parseGoDuration } from '../../../src/base/go-duration.ts';
import { RaError } from '../../../src/base/ra-error.ts';
import { MeshConfigError } from '../../../src/mesh/mesh-config-error.ts';
import { parseMeshConfig } from '../../../src/mesh/mesh-config.ts';
import { parseProxyConfig } from '../../../src/mesh/proxy-config.ts';
import { SignerNameError, parseSignerName } from '../../../src/mesh/signer-name.ts';
import { PemError, parseCertificateBundle } from '../../../src/pki/pem.ts';
import { SpiffeIdError, parseSpiffeId } from '../../../src/pki/spiffe-id.ts';
import { clampGrpcTimeout } from '../../../src/server/grpc-timeout.ts';
import { readRequestMetadata } from '../../../src/server/request-metadata.ts';
import { writeCertificate } from '../../support/certificate-writer.ts';
import { pemOf } from '../../support/csr-writer.ts';
import { maxCpuMs } from '../runner/meter.ts';
import type { Random } from '../runner/random.ts';
import { randomStruct } from './random-struct.ts';
import { mutated } from './text-steps.ts';

/** A reader of text from outside. */
export interface TextTarget {
  readonly name: string;
  readonly make: (random: Random) => string;
  /** Throws an Error of its own where a reading breaks what it promises. */
  readonly read: (input: string) => void;
  /** What one text may take of CPU, in milliseconds. */
  readonly maxMs: number;
  /** Whether the reader promises to throw this. */
  readonly throws: (error: unknown) => boolean;
}

const meshConfigs = [
  `trustDomain: cluster.local
caCertificates:
- certSigners: [clusterissuers.cert-manager.io/foo]
  pem: |
    -----BEGIN CERTIFICATE-----
    AAAA
    -----END CERTIFICATE-----
- certSigners:
  - clusterissuers.cert-manager.io/bar
  pem: &root "x"
- pem: *root
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
  proxyMetadata:
    ISTIO_META_CERT_SIGNER: foo
`,
  '{"trustDomain": "a.b", "caCertificates": [], "defaultConfig": {"proxyMetadata": {}}}',
  'a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n',
] as const;

const policies = [
  `mode: assigned
sources:
  meshDefault: false
rules:
- name: bar only
  match:
    namespaces: [bar]
    namespaceLabels: {team: bar}
    serviceAccounts: [bar/httpbin, other]
    clusters: [Kubernetes]
  signers: [bar, issuers.cert-manager.io/bar.ca]
  default: bar
  exclusive: true
  maxTtl: 24h
  defaultTtl: 1h30m
  keyTypes: [ecdsa-p256]
trusts:
- [foo, bar]
`,
  '{"rules": [{"name": "r", "match": {"namespaces": ["foo"]}, "signers": ["foo"]}]}',
  '',
] as const;

const isRaError =
  (code: RaError['code']) =>
  (error: unknown): boolean =>
    error instanceof RaError && error.code === code;
const never = (): boolean => false;
const instance =
  (type: abstract new (...args: never[]) => Error) =>
  (error: unknown): boolean =>
    error instanceof type;

const sample =
  (...texts: readonly [string, ...string[]]) =>
  (random: Random): string =>
    mutated(random.pick(texts), random);

function insist(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`broken promise: ${promise}`);
}

const certificatePem = pemOf(writeCertificate(), 'CERTIFICATE');
const jwt = `${encoded({ alg: 'RS256' })}.${encoded({ iss: 'https://x', exp: 1e10, aud: ['a'] })}.AAAA`;

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A payload that was changed before it was encoded, so that changes reach the JSON. */
function token(random: Random): string {
  if (random.once(2)) return mutated(jwt, random);
  const payload = mutated('{"iss": "https://x", "exp": 10000000000, "sub": [{"a": 1}]}', random);
  return `e30.${Buffer.from(payload).toString('base64url')}.AAAA`;
}

/** The operator's own files: tens of KiB of YAML take the library longer than a request may. */
const yamlMs = 1_000;

export const textTargets: readonly TextTarget[] = [
  {
    name: 'mesh-config',
    maxMs: yamlMs,
    make: sample(...meshConfigs),
    read: (text: string): void => void parseMeshConfig(text),
    throws: instance(MeshConfigError),
  },
  {
    name: 'signer-policy',
    maxMs: yamlMs,
    make: sample(...policies),
    read: (text: string): void =>
      void parseSignerPolicy(text, { signerDomain: 'clusterissuers.cert-manager.io' }),
    throws: instance(SignerPolicyError),
  },
  {
    name: 'bundle',
    maxMs: maxCpuMs,
    make: sample(
      `# root\n${certificatePem}\n${certificatePem}`,
      pemOf(Buffer.alloc(3), 'PRIVATE KEY'),
    ),
    read: (text: string): void => void parseCertificateBundle(text),
    throws: instance(PemError),
  },
  {
    name: 'bearer-token',
    maxMs: maxCpuMs,
    make: sample(`Bearer ${jwt}`, 'bearer x', 'Basic eDp5'),
    read: (text: string): void => {
      const found = parseBearerToken(text.split('\n'));
      insist(/^[!-~]+$/.test(found), 'a token is visible ASCII');
    },
    throws: isRaError('CALLER_UNAUTHENTICATED'),
  },
  {
    name: 'claims',
    maxMs: maxCpuMs,
    make: token,
    read: (text: string): void => {
      const { issuer, expiresAt } = readUnverifiedClaims(text);
      insist(['string', 'undefined'].includes(typeof issuer), 'the issuer is text');
      insist(['number', 'undefined'].includes(typeof expiresAt), 'the end is a number');
    },
    throws: never,
  },
  {
    name: 'username',
    maxMs: maxCpuMs,
    make: sample(
      'system:serviceaccount:foo:httpbin',
      'system:serviceaccount:a-b:c.d-e',
      'system:node:x',
    ),
    read: (text: string): void => {
      const { namespace, serviceAccount } = parseServiceAccountUsername(text);
      insist(text === `system:serviceaccount:${namespace}:${serviceAccount}`, 'all of it is read');
    },
    throws: isRaError('CALLER_UNAUTHENTICATED'),
  },
  {
    name: 'cluster-id',
    maxMs: maxCpuMs,
    make: sample('Kubernetes', '', 'alias\nalias'),
    read: (text: string): void => {
      const ours = { id: 'Kubernetes', aliases: ['alias'] };
      insist(resolveClusterId(text.split('\n'), ours) === ours.id, 'the id is ours');
    },
    throws: isRaError('CALLER_UNAUTHENTICATED'),
  },
  {
    name: 'spiffe-id',
    maxMs: maxCpuMs,
    make: sample('spiffe://cluster.local/ns/foo/sa/httpbin', 'spiffe://a./ns/b/sa/c.d'),
    read: (text: string): void =>
      insist(parseSpiffeId(text).uri === text, 'an id has one spelling'),
    throws: instance(SpiffeIdError),
  },
  {
    name: 'signer-name',
    maxMs: maxCpuMs,
    make: sample(
      'clusterissuers.cert-manager.io/foo',
      'issuers.cert-manager.io/ns.bar',
      'x.kubernetes.io/y',
    ),
    read: (text: string): void => {
      const name: string = parseSignerName(text);
      insist(name === text, 'a name has one spelling');
      insist(!`.${name}`.includes('.kubernetes.io/'), 'it is none of the cluster');
    },
    throws: instance(SignerNameError),
  },
  {
    name: 'duration',
    maxMs: maxCpuMs,
    make: sample('24h0m0s', '1.5h', '90m', '0', '1us2ns'),
    read: (text: string): void => insist(parseGoDuration(text) >= 0, 'a duration is not negative'),
    throws: instance(DurationError),
  },
  {
    name: 'grpc-timeout',
    maxMs: maxCpuMs,
    make: sample('99999999H', '5S', '100m'),
    read: (text: string): void => clampGrpcTimeout({ 'grpc-timeout': text }),
    throws: never,
  },
  {
    name: 'request-metadata',
    maxMs: maxCpuMs,
    make: (random) => JSON.stringify(randomStruct(random)),
    read: (text: string): void => {
      const { certSigner, impersonatedIdentity } = readRequestMetadata(JSON.parse(text));
      insist((certSigner ?? '').length <= 512, 'the signer is short');
      insist((impersonatedIdentity ?? '').length <= 2048, 'the identity is short');
    },
    throws: isRaError('REQUEST_MALFORMED'),
  },
  {
    name: 'proxy-config',
    maxMs: maxCpuMs,
    make: (random) => JSON.stringify(randomStruct(random)),
    read: (text: string): void => void parseProxyConfig(JSON.parse(text)),
    throws: never,
  },
];
