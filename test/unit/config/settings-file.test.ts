import { describe, expect, it } from '@jest/globals';
import { settingNames } from '../../../src/config/serve-settings.ts';
import { parseSettingsFile } from '../../../src/config/settings-file.ts';
import type { SettingsFile } from '../../../src/config/setting.ts';
import { configOf, problemsOf } from './problems-of.ts';

function fileOf(text: string): SettingsFile {
  return parseSettingsFile(text, { path: 'ra.yaml', settings: settingNames });
}

describe('the settings file', () => {
  it('holds settings by their flags and by their variables', () => {
    const file = fileOf(`
httpAddr: 127.0.0.1:1
TOKEN_AUDIENCES: [istio-ca, other]
AUDIT_LOG_MAX_FILES: 7
grpcReflection: true
POD_NAME:
`);
    const config = configOf({ file });
    expect(config).toMatchObject({
      httpAddress: '127.0.0.1:1',
      tokenAudiences: ['istio-ca', 'other'],
      reflection: true,
    });
    expect(config.audit.maxFiles).toBe(7);
    expect(config.replica).toMatch(/^istio-ra-/);
  });

  it('may be empty', () => {
    expect(problemsOf({ file: fileOf('# nothing yet\n') })).toEqual([]);
  });

  it('yields to the environment, and that to flags', () => {
    const file = fileOf('CLUSTER_ID: from-file\nPOD_NAMESPACE: from-file\nREVISION: from-file');
    const env = { CLUSTER_ID: 'from-env', POD_NAMESPACE: 'from-env' };
    const config = configOf({ file, env, flags: { clusterID: 'typed' } });
    expect([config.cluster.id, config.podNamespace, config.revision]).toEqual([
      'typed',
      'from-env',
      'from-file',
    ]);
  });

  it('is told apart from the other sources of what is wrong', () => {
    const file = fileOf('CSR_APPROVAL: maybe\nCERT_SIGNER_DOMIAN: x\nhttpAddr: { port: 1 }');
    expect(
      problemsOf({ file, flags: { httpAddr: 'x' }, env: { TRUST_UNBOUND_ROOTS: 'x' } }),
    ).toEqual([
      'CERT_SIGNER_DOMIAN in ra.yaml: is not a setting; did you mean CERT_SIGNER_DOMAIN?',
      'httpAddr in ra.yaml: must be a text, a number, a bool or a list of texts',
      'TRUST_UNBOUND_ROOTS: must be one of true, false',
      '--httpAddr: "x" is not an address like 127.0.0.1:15012 or :15012',
      'CSR_APPROVAL in ra.yaml: must be one of self, external',
    ]);
  });

  it.each([
    ['a: [', 'ra.yaml: is not YAML'],
    ['httpAddr: a\nhttpAddr: b', 'ra.yaml: is not YAML: Map keys must be unique (line 2)'],
    ['- httpAddr', 'ra.yaml: must be a mapping of settings to values'],
    ['text', 'ra.yaml: must be a mapping of settings to values'],
    ['a: &a x\nb: *a', 'ra.yaml: '],
    ['x'.repeat(300_000), 'ra.yaml: is longer than 262144 characters'],
    ['config: other.yaml', 'config in ra.yaml: cannot stand in the file itself'],
    ['ISTIO_RA_CONFIG: other.yaml', 'ISTIO_RA_CONFIG in ra.yaml: cannot stand in the file itself'],
    ['HTTPADDR: x', 'HTTPADDR in ra.yaml: is not a setting; did you mean httpAddr?'],
    ['quiteSomethingElse: x', 'quiteSomethingElse in ra.yaml: is not a setting'],
    ['PILOT_CERT_PROVIDR: x', 'did you mean PILOT_CERT_PROVIDER?'],
    ['clusterID: a\nCLUSTER_ID: b', 'clusterID in ra.yaml: is the same as CLUSTER_ID'],
    ['JWT_RULE: x', 'JWT_RULE in ra.yaml: cannot be done here; set OIDC_ISSUERS'],
  ])('cannot hold %j', (text, problem) => {
    const [first] = problemsOf({ file: fileOf(text) });
    expect(first).toContain(problem);
  });

  it("may hold istiod's settings that have no effect", () => {
    const file = fileOf('PILOT_TRACE_SAMPLING: 1.0\ndomain: cluster.local');
    expect(configOf({ file }).withoutEffect).toEqual(['PILOT_TRACE_SAMPLING', 'domain']);
  });

  it('never throws, however deep it is nested', () => {
    expect(fileOf(`${'- '.repeat(10_000)}\n]`).problems).toHaveLength(1);
  });
});
