import type { Logger } from '../base/logger.ts';
import type { RaConfig } from './ra-config.ts';

/** Says once what was set and will not do what somebody may expect. */
export function warnOfSettings(
  { withoutEffect, logging, trustUnboundRoots }: RaConfig,
  log: Logger,
): void {
  if (withoutEffect.length > 0) {
    log.warn('these settings of istiod do not concern a CA and have no effect here', {
      settings: withoutEffect,
    });
  }
  if (logging.unknownScopes.length > 0) {
    const scopes = logging.unknownScopes;
    log.warn('--log_output_level names scopes that nobody has here', { scopes });
  }
  if (trustUnboundRoots) {
    log.warn(
      'TRUST_UNBOUND_ROOTS: every workload of every tenant is sent the roots without certSigners, ' +
        'and so trusts whoever holds a key of theirs',
    );
  }
}
