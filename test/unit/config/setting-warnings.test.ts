import { describe, expect, it } from '@jest/globals';
import { warnOfSettings } from '../../../src/config/setting-warnings.ts';
import { parseRaConfig } from '../../../src/config/ra-config.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

function warningsOf(env: Record<string, string>, flags: Record<string, string> = {}): unknown[] {
  const log = new RecordingLogger();
  warnOfSettings(parseRaConfig({ env: { CERT_SIGNER_DOMAIN: 'a.b', ...env }, flags }), log);
  return log.lines.map(({ level, fields }) => [level, fields]);
}

describe('warnOfSettings', () => {
  it('has nothing to say of what works', () => {
    expect(warningsOf({ EXTERNAL_CA: 'ISTIOD_RA_KUBERNETES_API' })).toEqual([]);
  });

  it('names everything that has no effect in one line', () => {
    const env = { PILOT_TRACE_SAMPLING: '1', ENABLE_NATIVE_SIDECARS: 'true' };
    expect(warningsOf(env, { domain: 'cluster.local' })).toEqual([
      ['warn', { settings: ['ENABLE_NATIVE_SIDECARS', 'PILOT_TRACE_SAMPLING', 'domain'] }],
    ]);
  });

  it('names scopes that nobody has', () => {
    const flags = { log_output_level: 'ads:debug' };
    expect(warningsOf({}, flags)).toEqual([['warn', { scopes: ['ads'] }]]);
  });

  it('warns of roots that every tenant is to trust', () => {
    expect(warningsOf({ TRUST_UNBOUND_ROOTS: 'true' })).toEqual([['warn', {}]]);
  });
});
