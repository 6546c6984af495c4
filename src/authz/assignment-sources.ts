import { assertNever } from '../base/assert-never.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { ProxyConfigEntry } from '../mesh/proxy-config.ts';
import type { ProxyConfigSnapshot } from '../mesh/proxy-config-index.ts';
import type { LevelVerdict, PassedOver, ProxyConfigLevel } from '../mesh/proxy-config-levels.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { noLimits } from './signer-policy.ts';
import type { SignerLimits, SignerPolicy, SignerRule, SourceName } from './signer-policy.ts';
import { matchRule } from './signer-rule.ts';
import type { RuleSubject } from './signer-rule.ts';
import { readSignerText } from './signer-text.ts';

/** Why a caller gets no signer, for audit lines and metrics. The caller itself is not told. */
export type SignerRefusal =
  /** Pods of one identity on one node carry labels that lead to different signers. */
  | 'ambiguous_workload_labels'
  /** A rule asks for labels of a namespace whose labels are not known. */
  | 'namespace_labels_unknown'
  /** A ProxyConfig that applies cannot be understood. */
  | 'proxy_config_unreadable'
  /** A rule binds the signer to others. */
  | 'signer_bound_elsewhere'
  | 'signer_domain_unset'
  | 'signer_name_malformed'
  /** The mesh knows the signer, and nothing assigns it to the caller. */
  | 'signer_not_assigned'
  /** The issuer of the caller's identity is not trusted for this signer. */
  | 'signer_out_of_scope'
  /** The mesh has no root for the signer. */
  | 'signer_unknown';

/** Which part of the configuration gave a caller its signer. */
export type AssignmentSource =
  | { readonly kind: 'rule'; readonly name: string; readonly line: number }
  | {
      readonly kind: 'proxy-config';
      readonly level: ProxyConfigLevel;
      readonly namespace: string;
      readonly name: string;
      readonly resourceVersion: string;
    }
  | { readonly kind: 'K8S_SIGNER' }
  | { readonly kind: 'mesh-default' }
  /** The signer that the caller requests, in the mode that grants any. */
  | { readonly kind: 'any' };

export function ruleSource({ name, line }: SignerRule): AssignmentSource {
  return { kind: 'rule', name, line };
}

export function proxyConfigSource(
  level: ProxyConfigLevel,
  { namespace, name, resourceVersion }: ProxyConfigEntry,
): AssignmentSource {
  return { kind: 'proxy-config', level, namespace, name, resourceVersion };
}

/** A source in words, for people and audit lines. */
export function describeSource(source: AssignmentSource): string {
  switch (source.kind) {
    case 'rule':
      return `rule ${source.name} (line ${source.line})`;
    case 'proxy-config':
      return `ProxyConfig ${source.namespace}/${source.name} (${source.level})`;
    case 'K8S_SIGNER':
      return 'K8S_SIGNER';
    case 'mesh-default':
      return 'meshConfig.defaultConfig';
    case 'any':
      return 'the request of the caller (mode any)';
    default:
      return assertNever(source);
  }
}

export interface AssignmentSettings {
  /** CERT_SIGNER_DOMAIN: what short signer names stand under. */
  readonly signerDomain: string | undefined;
  /** K8S_SIGNER: the full name of the signer of those to whom nothing stronger assigns one. */
  readonly defaultSigner: SignerName | undefined;
  /** `meshConfig.rootNamespace`: its ProxyConfigs are for the whole mesh. */
  readonly rootNamespace: string;
}

/** What one source of assignments says about a caller; `because` is half a sentence. */
export type SourceResult =
  | {
      readonly kind: 'names';
      readonly signers: readonly SignerName[];
      readonly default: SignerName;
      readonly limits: SignerLimits;
    }
  /** It says something that cannot be read. It does not abstain: where it would win, it refuses. */
  | { readonly kind: 'fault'; readonly reason: SignerRefusal; readonly because: string }
  /** Another of its own kind and strength came first, so it never wins, whatever the other says. */
  | {
      readonly kind: 'passed-over';
      readonly signer: SignerName | undefined;
      readonly because: string;
    }
  | { readonly kind: 'abstains'; readonly because: string };

/** One part of the configuration that was asked: a rule, a ProxyConfig, a setting. */
export interface AskedSource {
  readonly from: SourceName;
  /** Undefined where there is nothing to point at, such as no ProxyConfig of that level. */
  readonly source: AssignmentSource | undefined;
  readonly result: SourceResult;
}

/** Every rule, in order. The first that matches counts, or the first that cannot be decided; all others abstain. */
export function askRules({ rules }: SignerPolicy, subject: RuleSubject): readonly AskedSource[] {
  let first: SignerRule | undefined;
  const asked = rules.map((rule): AskedSource => {
    const candidate = { from: 'rules', source: ruleSource(rule) } as const;
    if (first !== undefined) {
      const because = `rule ${first.name} comes first`;
      return { ...candidate, result: { kind: 'abstains', because } };
    }
    const result = resultOfRule(rule, subject);
    if (result.kind !== 'abstains') first = rule;
    return { ...candidate, result };
  });
  return asked.length > 0 ? asked : [abstaining('rules', 'the policy has no rules')];
}

function resultOfRule(rule: SignerRule, subject: RuleSubject): SourceResult {
  const verdict = matchRule(rule, subject);
  switch (verdict.kind) {
    case 'differs':
      return { kind: 'abstains', because: verdict.because };
    case 'undecided':
      return { kind: 'fault', reason: 'namespace_labels_unknown', because: verdict.because };
    case 'matches':
      return { kind: 'names', signers: rule.signers, default: rule.default, limits: rule.limits };
  }
}

const sourceOfLevel: Readonly<Record<ProxyConfigLevel, SourceName>> = {
  workload: 'proxyConfigWorkload',
  namespace: 'proxyConfigNamespace',
  'root-namespace': 'proxyConfigRootNamespace',
};

/** The ProxyConfigs of one level: the one that counts, then those that it keeps from counting. */
export function askLevel(
  { level, winner, losers, fault }: LevelVerdict,
  signerDomain: string | undefined,
): readonly AskedSource[] {
  const from = sourceOfLevel[level];
  const faulty = fault === undefined ? [] : [faultOf(from, fault)];
  const first =
    winner === undefined
      ? abstaining(from, 'no ProxyConfig of this level is for the caller')
      : {
          from,
          source: proxyConfigSource(level, winner),
          result: resultOfEntry(winner, signerDomain),
        };
  const others = losers.map((loser) => ({
    from,
    source: proxyConfigSource(level, loser.entry),
    result: resultOfPassedOver(loser, signerDomain),
  }));
  return [...faulty, first, ...others];
}

function faultOf(from: SourceName, because: string): AskedSource {
  const result = { kind: 'fault', reason: 'proxy_config_unreadable', because } as const;
  return { from, source: undefined, result };
}

function resultOfEntry(
  { certSigner, fault }: ProxyConfigEntry,
  signerDomain: string | undefined,
): SourceResult {
  if (fault !== undefined) {
    return { kind: 'fault', reason: 'proxy_config_unreadable', because: fault };
  }
  if (certSigner === undefined) return { kind: 'abstains', because: 'it names no signer' };
  return resultOfText(certSigner, signerDomain);
}

function resultOfPassedOver(
  { entry, because, applies }: PassedOver,
  signerDomain: string | undefined,
): SourceResult {
  const said = applies ? resultOfEntry(entry, signerDomain) : undefined;
  const signer = said?.kind === 'names' ? said.default : undefined;
  return { kind: 'passed-over', signer, because };
}

function resultOfText(text: string, signerDomain: string | undefined): SourceResult {
  const read = readSignerText(text, signerDomain);
  switch (read.kind) {
    case 'signer':
      return only(read.name);
    case 'unusable':
      return { kind: 'fault', reason: read.reason, because: read.because };
  }
}

function only(signer: SignerName): SourceResult {
  return { kind: 'names', signers: [signer], default: signer, limits: noLimits };
}

/** What is the same for every workload of a namespace, strongest first. */
export function askNamespace(
  namespace: string,
  {
    proxyConfigs,
    settings: { signerDomain, rootNamespace },
  }: { readonly proxyConfigs: ProxyConfigSnapshot; readonly settings: AssignmentSettings },
): readonly AskedSource[] {
  return [
    ...askLevel(proxyConfigs.namespaceLevel(namespace, rootNamespace), signerDomain),
    ...askLevel(proxyConfigs.rootNamespaceLevel(rootNamespace), signerDomain),
  ];
}

/** What is the same for everybody, strongest first. */
export function askMesh(
  { signerDomain, defaultSigner }: AssignmentSettings,
  { config }: Pick<MeshSnapshot, 'config'>,
): readonly AskedSource[] {
  const kubernetes: AskedSource =
    defaultSigner === undefined
      ? abstaining('k8sSigner', 'it is not set')
      : { from: 'k8sSigner', source: { kind: 'K8S_SIGNER' }, result: only(defaultSigner) };
  const { defaultCertSigner } = config;
  const mesh: AskedSource =
    defaultCertSigner === undefined
      ? abstaining('meshDefault', 'the mesh config names no default signer')
      : {
          from: 'meshDefault',
          source: { kind: 'mesh-default' },
          result: resultOfText(defaultCertSigner, signerDomain),
        };
  return [kubernetes, mesh];
}

function abstaining(from: SourceName, because: string): AskedSource {
  return { from, source: undefined, result: { kind: 'abstains', because } };
}
