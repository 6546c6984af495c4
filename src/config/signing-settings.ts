import type { Setting } from './setting.ts';
import { parseSignerDomain, parseSignerName } from '../mesh/signer-name.ts';
import { file, oneOf, positiveMs, switchVariable, ttlSeconds } from './setting-parsers.ts';

/** Who signs what, for how long. */
export const signingSettings = {
  certSignerDomain: {
    env: 'CERT_SIGNER_DOMAIN',
    help: 'what short signer names stand under',
    placeholder: '<domain>',
    parse: parseSignerDomain,
  },
  k8sSigner: {
    env: 'K8S_SIGNER',
    help: 'full name of the signer for requests that name none',
    placeholder: '<domain/path>',
    parse: parseSignerName,
  },
  signerPolicy: {
    ...file('signerPolicy', 'rules for who gets which signer; read again when it changes'),
    env: 'SIGNER_POLICY',
  },
  proxyConfigs: {
    env: 'PROXY_CONFIGS',
    help: 'whether ProxyConfigs assign signers: watch or ignore',
    placeholder: '<how>',
    fallback: 'watch',
    parse: oneOf(['watch', 'ignore'] as const),
  },
  approval: {
    env: 'CSR_APPROVAL',
    help: 'who approves certificate requests: self or external',
    placeholder: '<who>',
    fallback: 'self',
    parse: oneOf(['self', 'external'] as const),
  },
  defaultTtlSeconds: {
    env: 'DEFAULT_WORKLOAD_CERT_TTL',
    help: 'validity when the client asks for none',
    placeholder: '<duration>',
    fallback: '24h',
    parse: ttlSeconds,
  },
  maxTtlSeconds: {
    env: 'MAX_WORKLOAD_CERT_TTL',
    help: 'longest validity that may be asked for',
    placeholder: '<duration>',
    fallback: '2160h',
    parse: ttlSeconds,
  },
  denyKeyReuse: {
    ...switchVariable('DENY_KEY_REUSE', 'refuse a key that another identity has used'),
    fallback: 'false',
  },
  requestBudgetMs: {
    env: 'REQUEST_BUDGET',
    help: 'how long one request may take; by default 60s, and 5m with external approval',
    placeholder: '<duration>',
    parse: positiveMs,
  },
} satisfies Record<string, Setting<unknown>>;
