import { describe, expect, it, jest } from '@jest/globals';
import { MeshConfigError, parseMeshConfig } from '../../../src/mesh/mesh-config.ts';

describe('parseMeshConfig', () => {
  it('reads what the reference set-up writes', () => {
    const config = parseMeshConfig(`
trustDomain: example.com
accessLogFile: /dev/stdout
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
  proxyMetadata:
    ISTIO_META_CERT_SIGNER: istio-system
caCertificates:
- pem: |
    not looked at here
  certSigners:
  - clusterissuers.cert-manager.io/istio-system
`);
    expect(config).toEqual({
      trustDomain: 'example.com',
      rootNamespace: 'istio-system',
      defaultCertSigner: 'istio-system',
      caCertificates: [
        {
          pem: 'not looked at here\n',
          certSigners: ['clusterissuers.cert-manager.io/istio-system'],
        },
      ],
      ignored: [],
    });
  });

  it("has Istio's defaults for an empty text", () => {
    expect(parseMeshConfig('')).toEqual({
      trustDomain: 'cluster.local',
      rootNamespace: 'istio-system',
      defaultCertSigner: undefined,
      caCertificates: [],
      ignored: [],
    });
  });

  it('reads @ in a trust domain as a dot, as istiod does', () => {
    expect(parseMeshConfig('trustDomain: a@example.com').trustDomain).toBe('a.example.com');
  });

  it('ignores an entry that would be trusted for every signer, and says so', () => {
    const config = parseMeshConfig('caCertificates: [{ pem: x }, { spiffeBundleUrl: https://x }]');
    expect(config.caCertificates).toEqual([]);
    expect(config.ignored).toEqual([
      'caCertificates[0] names no certSigners, so every tenant would trust it',
      'caCertificates[1] has no pem',
    ]);
  });

  it.each([
    ['a: [', 'mesh config is not YAML'],
    ['a: *nowhere', 'mesh config is not YAML'],
    [
      'a: &a [x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b]',
      'mesh config is not YAML',
    ],
    ['- a', 'mesh config: must be a mapping'],
    ['trustDomain: [x]', 'trustDomain: must be a string'],
    ['trustDomain: "Not A Domain"', 'trustDomain: is not a trust domain'],
    ['caCertificates: {}', 'caCertificates: must be a list'],
    ['caCertificates: [x]', 'caCertificates[0]: must be a mapping'],
    ['caCertificates: [{ pem: 1 }]', 'caCertificates[0].pem: must be a string'],
    [
      'caCertificates: [{ pem: x, certSigners: [""] }]',
      'caCertificates[0].certSigners[0]: must name',
    ],
    ['defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: 7 } }', 'ISTIO_META_CERT_SIGNER'],
    ['a: 1\na: 2', '(line 2)'],
  ])('refuses %j and says where', (text, problem) => {
    expect(() => parseMeshConfig(text)).toThrow(problem);
  });

  it('refuses a text that is nested beyond what can be read', () => {
    const text = `${'- '.repeat(10_000)}\n]`;
    expect(() => parseMeshConfig(text)).toThrow(MeshConfigError);
  });

  it('writes no warnings of the YAML library past the log', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    parseMeshConfig('? {a: b}\n: c');
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('does not unfold a small text into a large value', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [*l${i},*l${i},*l${i}]`,
    );
    expect(() => parseMeshConfig(['l0: &l0 x', ...levels].join('\n'))).toThrow();
  });
});
