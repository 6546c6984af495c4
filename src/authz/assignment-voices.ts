import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { ProxyConfigEntry } from '../mesh/proxy-config.ts';
import type { ProxyConfigSnapshot } from '../mesh/proxy-config-index.ts';
import type { LevelVerdict, PassedOver, ProxyConfigLevel } from '../mesh/proxy-config-levels.ts';
import type { SignerName } from '../mesh/signer-name.ts';
import { proxyConfigSource, ruleSource } from './assignment-source.ts';
import type { AssignmentSource } from './assignment-source.ts';
import { noLimits } from './signer-policy.ts';
import type { SignerLimits, SignerPolicy, SignerRule, SourceName } from './signer-policy.ts';
import type { SignerRefusal } from './signer-refusal.ts';
import { matchRule } from './signer-rule.ts';
import type { RuleSubject } from './signer-rule.ts';
import { readSignerText } from './signer-text.ts';

export interface AssignmentSettings {
  /** CERT_SIGNER_DOMAIN: what short signer names stand under. */
  readonly signerDomain: string | undefined;
  /** K8S_SIGNER: the full name of the signer of those to whom nothing stronger assigns one. */
  readonly defaultSigner: SignerName | undefined;
  /** `meshConfig.rootNamespace`: its ProxyConfigs are for the whole mesh. */
  readonly rootNamespace: string;
}

/** What a part of the configuration says about a caller; `because` is half a sentence. */
export type Utterance =
  | {
      readonly kind: 'names';
      readonly signers: readonly SignerName[];
      readonly default: SignerName;
      readonly limits: SignerLimits;
    }
  /** It speaks and cannot be understood. That is no silence: where it would win, it refuses. */
  | { readonly kind: 'fault'; readonly reason: SignerRefusal; readonly because: string }
  /** Another of its own kind and strength came first, so it never wins, whatever the other says. */
  | {
      readonly kind: 'passed-over';
      readonly signer: SignerName | undefined;
      readonly because: string;
    }
  | { readonly kind: 'silence'; readonly because: string };

/** One part of the configuration that was asked: a rule, a ProxyConfig, a setting. */
export interface Voice {
  readonly from: SourceName;
  /** Undefined where there is nothing to point at, such as no ProxyConfig of that level. */
  readonly source: AssignmentSource | undefined;
  readonly utterance: Utterance;
}

/** Every rule, in order. The first that matches speaks, or the first that cannot be decided. */
export function ruleVoices({ rules }: SignerPolicy, subject: RuleSubject): readonly Voice[] {
  let first: SignerRule | undefined;
  const voices = rules.map((rule): Voice => {
    const voice = { from: 'rules', source: ruleSource(rule) } as const;
    if (first !== undefined) {
      const because = `rule ${first.name} comes first`;
      return { ...voice, utterance: { kind: 'silence', because } };
    }
    const utterance = ruleUtterance(rule, subject);
    if (utterance.kind !== 'silence') first = rule;
    return { ...voice, utterance };
  });
  return voices.length > 0 ? voices : [silent('rules', 'the policy has no rules')];
}

function ruleUtterance(rule: SignerRule, subject: RuleSubject): Utterance {
  const verdict = matchRule(rule, subject);
  switch (verdict.kind) {
    case 'differs':
      return { kind: 'silence', because: verdict.because };
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
export function levelVoices(
  { level, winner, losers, fault }: LevelVerdict,
  signerDomain: string | undefined,
): readonly Voice[] {
  const from = sourceOfLevel[level];
  const faulty = fault === undefined ? [] : [faultVoice(from, fault)];
  const first =
    winner === undefined
      ? silent(from, 'no ProxyConfig of this level is for the caller')
      : {
          from,
          source: proxyConfigSource(level, winner),
          utterance: entryUtterance(winner, signerDomain),
        };
  const others = losers.map((loser) => ({
    from,
    source: proxyConfigSource(level, loser.entry),
    utterance: loserUtterance(loser, signerDomain),
  }));
  return [...faulty, first, ...others];
}

function faultVoice(from: SourceName, because: string): Voice {
  const utterance = { kind: 'fault', reason: 'proxy_config_unreadable', because } as const;
  return { from, source: undefined, utterance };
}

function entryUtterance(
  { certSigner, fault }: ProxyConfigEntry,
  signerDomain: string | undefined,
): Utterance {
  if (fault !== undefined) {
    return { kind: 'fault', reason: 'proxy_config_unreadable', because: fault };
  }
  if (certSigner === undefined) return { kind: 'silence', because: 'it names no signer' };
  return textUtterance(certSigner, signerDomain);
}

function loserUtterance(
  { entry, because, applies }: PassedOver,
  signerDomain: string | undefined,
): Utterance {
  const said = applies ? entryUtterance(entry, signerDomain) : undefined;
  const signer = said?.kind === 'names' ? said.default : undefined;
  return { kind: 'passed-over', signer, because };
}

function textUtterance(text: string, signerDomain: string | undefined): Utterance {
  const read = readSignerText(text, signerDomain);
  switch (read.kind) {
    case 'signer':
      return only(read.name);
    case 'unusable':
      return { kind: 'fault', reason: read.reason, because: read.because };
  }
}

function only(signer: SignerName): Utterance {
  return { kind: 'names', signers: [signer], default: signer, limits: noLimits };
}

/** What is the same for every workload of a namespace, strongest first. */
export function namespaceVoices(
  namespace: string,
  {
    proxyConfigs,
    settings: { signerDomain, rootNamespace },
  }: { readonly proxyConfigs: ProxyConfigSnapshot; readonly settings: AssignmentSettings },
): readonly Voice[] {
  return [
    ...levelVoices(proxyConfigs.namespaceLevel(namespace, rootNamespace), signerDomain),
    ...levelVoices(proxyConfigs.rootNamespaceLevel(rootNamespace), signerDomain),
  ];
}

/** What is the same for everybody, strongest first. */
export function meshVoices(
  { signerDomain, defaultSigner }: AssignmentSettings,
  { config }: Pick<MeshSnapshot, 'config'>,
): readonly Voice[] {
  const kubernetes: Voice =
    defaultSigner === undefined
      ? silent('k8sSigner', 'it is not set')
      : { from: 'k8sSigner', source: { kind: 'K8S_SIGNER' }, utterance: only(defaultSigner) };
  const { defaultCertSigner } = config;
  const mesh: Voice =
    defaultCertSigner === undefined
      ? silent('meshDefault', 'the mesh config names no default signer')
      : {
          from: 'meshDefault',
          source: { kind: 'mesh-default' },
          utterance: textUtterance(defaultCertSigner, signerDomain),
        };
  return [kubernetes, mesh];
}

function silent(from: SourceName, because: string): Voice {
  return { from, source: undefined, utterance: { kind: 'silence', because } };
}
