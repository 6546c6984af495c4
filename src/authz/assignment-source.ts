import { assertNever } from '../base/assert-never.ts';
import type { ProxyConfigEntry } from '../mesh/proxy-config.ts';
import type { ProxyConfigLevel } from '../mesh/proxy-config-levels.ts';
import type { SignerRule } from './signer-policy.ts';

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
  /** The caller's own wish, in the mode that grants wishes. */
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
      return 'the wish of the caller (mode any)';
    default:
      return assertNever(source);
  }
}
