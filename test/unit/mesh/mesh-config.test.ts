import { describe, expect, it, jest } from '@jest/globals';
import { DiscoverySelectors } from '../../../src/mesh/discovery-selectors.ts';
import { MeshConfigError } from '../../../src/mesh/mesh-config-error.ts';
import { parseMeshConfig } from '../../../src/mesh/mesh-config.ts';

const manyUrls = JSON.stringify({
  caCertificates: Array.from({ length: 17 }, (_, at) => ({
    spiffeBundleUrl: `https://host${at}/`,
    certSigners: ['a.b/c'],
  })),
});

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
      discoveryAddress: 'istiod.istio-system.svc:15012',
      discoverySelectors: DiscoverySelectors.parse([]),
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
      discoveryAddress: undefined,
      discoverySelectors: DiscoverySelectors.parse([]),
      caCertificates: [],
      ignored: [],
    });
  });

  it('reads @ in a trust domain as a dot, as istiod does', () => {
    expect(parseMeshConfig('trustDomain: a@example.com').trustDomain).toBe('a.example.com');
  });

  it('ignores entries that are for everybody or for others, and says so', () => {
    const config = parseMeshConfig(`
trustDomain: example.com
caCertificates:
- { pem: x }
- { spiffeBundleUrl: https://x }
- { certSigners: [a.b/c] }
- { pem: x, certSigners: [a.b/c], trustDomains: [other.com] }
- { pem: y, certSigners: [a.b/c], trustDomains: [other.com, example.com] }`);
    expect(config.caCertificates).toEqual([{ pem: 'y', certSigners: ['a.b/c'] }]);
    expect(config.ignored).toEqual([
      'caCertificates[0] names no certSigners, so every tenant would trust it',
      'caCertificates[1] has a spiffeBundleUrl and names no certSigners',
      'caCertificates[2] has neither pem nor spiffeBundleUrl',
      'caCertificates[3] is for other trust domains than example.com',
    ]);
  });

  it('keeps what is for everybody where that is wanted', () => {
    const config = parseMeshConfig('caCertificates: [{ pem: x }]', { trustUnboundRoots: true });
    expect(config).toMatchObject({ caCertificates: [{ pem: 'x', certSigners: [] }], ignored: [] });
  });

  it('reads where a signer has further roots', () => {
    const text =
      'caCertificates: [{ spiffeBundleUrl: "https://Host/bundle", certSigners: [a.b/c] }]';
    expect(parseMeshConfig(text).caCertificates).toEqual([
      { pem: undefined, spiffeBundleUrl: 'https://host/bundle', certSigners: ['a.b/c'] },
    ]);
  });

  it('reads which namespaces belong to the mesh', () => {
    const { discoverySelectors } = parseMeshConfig(
      'discoverySelectors: [{ matchLabels: { mesh: "on" } }]',
    );
    expect(discoverySelectors.matches({ mesh: 'on' })).toBe(true);
    expect(discoverySelectors.matches({})).toBe(false);
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
    ['discoverySelectors: {}', 'discoverySelectors: must be a list'],
    ['caCertificates: [{ trustDomains: [1] }]', 'caCertificates[0].trustDomains[0]: must be'],
    ['caCertificates: [{ spiffeBundleUrl: "http://x" }]', 'must begin with https://'],
    ['caCertificates: [{ spiffeBundleUrl: "https://me@x" }]', 'hold no user or password'],
    [manyUrls, 'caCertificates: must name 16 bundle URLs at most'],
  ])('refuses %j and says where', (text, problem) => {
    expect(() => parseMeshConfig(text)).toThrow(problem);
  });

  describe('over a shared one', () => {
    const shared = `
trustDomain: shared.com
rootNamespace: shared-root
defaultConfig: { discoveryAddress: shared:15012, proxyMetadata: { A: a, ISTIO_META_CERT_SIGNER: s } }
caCertificates: [{ pem: s, certSigners: [a.b/s] }]`;

    it('takes what it does not say itself from there', () => {
      expect(parseMeshConfig('', { shared })).toEqual(parseMeshConfig(shared));
    });

    it('wins field by field', () => {
      const config = parseMeshConfig(
        'trustDomain: main.com\ndefaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: m } }',
        { shared },
      );
      expect(config).toMatchObject({
        trustDomain: 'main.com',
        rootNamespace: 'shared-root',
        discoveryAddress: 'shared:15012',
        defaultCertSigner: 'm',
      });
    });

    it('replaces lists as a whole', () => {
      const main = 'caCertificates: [{ pem: m, certSigners: [a.b/m] }]';
      expect(parseMeshConfig(main, { shared }).caCertificates).toEqual([
        { pem: 'm', certSigners: ['a.b/m'] },
      ]);
    });

    it('takes null as nothing said', () => {
      expect(parseMeshConfig('trustDomain:', { shared }).trustDomain).toBe('shared.com');
    });

    it('cannot be used where the shared one is not YAML', () => {
      expect(() => parseMeshConfig('', { shared: 'a: [' })).toThrow(MeshConfigError);
    });
  });

  it('refuses a text that is nested beyond what can be read', () => {
    const text = `${'- '.repeat(10_000)}\n]`;
    expect(() => parseMeshConfig(text)).toThrow(MeshConfigError);
  });

  it('writes no warnings of the YAML library past the log', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    parseMeshConfig('a: !x b');
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
