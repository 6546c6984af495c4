import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LayeredMesh } from '../../../src/mesh/layered-mesh.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TestAuthority } from '../../support/test-authority.ts';

let root: TestAuthority;
let clock: FakeClock;
let log: RecordingLogger;

beforeAll(async () => {
  root = await TestAuthority.make('root', Date.UTC(2026, 0, 1));
});

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLogger();
});

function layered(shared = false, trustUnboundRoots = false): LayeredMesh {
  return new LayeredMesh({ shared, trustUnboundRoots, clock, log });
}

function withRootOf(...signers: readonly string[]): string {
  const pem = JSON.stringify(root.certificatePem);
  return `caCertificates: [{ pem: ${pem}, certSigners: [${signers.join()}] }]`;
}

describe('LayeredMesh', () => {
  it('is not known before a text came', () => {
    const mesh = layered();
    expect(mesh.isKnown).toBe(false);
    expect(() => mesh.current()).toThrow('the mesh config is not known yet');
  });

  it('takes over each text that says something else', () => {
    const mesh = layered();
    mesh.replace('main', 'trustDomain: a.com');
    mesh.replace('main', 'trustDomain: b.com');
    expect(mesh.current()).toMatchObject({ generation: 2, config: { trustDomain: 'b.com' } });
  });

  it('stays as it is when a text says the same in other words', () => {
    const mesh = layered();
    mesh.replace('main', 'trustDomain: a.com');
    const before = mesh.current();
    mesh.replace('main', '# a comment\ntrustDomain: "a.com"\naccessLogFile: x');
    expect(mesh.current()).toBe(before);
  });

  it.each([
    'discoverySelectors: [{ matchLabels: { a: b } }]',
    'defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: foo } }',
    'caCertificates: [{ pem: x }]',
  ])('counts %j as a change', (text) => {
    const mesh = layered();
    mesh.replace('main', '');
    mesh.replace('main', text);
    expect(mesh.current().generation).toBe(2);
  });

  it('keeps the last good one when a text cannot be used', async () => {
    const mesh = layered();
    mesh.replace('main', 'trustDomain: a.com');
    const { loadedAt } = mesh.state;
    await clock.advance(1000);
    expect(() => {
      mesh.replace('main', 'trustDomain: [');
    }).toThrow('mesh config is not YAML');
    expect(mesh.current().config.trustDomain).toBe('a.com');
    expect(mesh.state).toEqual({ loadedAt, upToDate: false });
    mesh.replace('main', 'trustDomain: a.com');
    expect(mesh.state).toEqual({ loadedAt, upToDate: true });
  });

  it.each(['', '{}', '# gone', 'trustDomain: b.com', 'caCertificates: []'])(
    'F53: keeps the last good one when %j leaves no signer a root',
    (text) => {
      const mesh = layered();
      mesh.replace('main', withRootOf('a/foo'));
      expect(() => {
        mesh.replace('main', text);
      }).toThrow('no signer has a root any more');
      expect(mesh.current().trust.signerNames).toEqual(['a/foo']);
      expect(mesh.state.upToDate).toBe(false);
    },
  );

  it('F54: takes a signer its root when another keeps one', () => {
    const mesh = layered();
    mesh.replace('main', withRootOf('a/foo', 'a/bar'));
    mesh.replace('main', withRootOf('a/bar'));
    expect(mesh.current().trust.signerNames).toEqual(['a/bar']);
  });

  it('may be without a root from the start', () => {
    const mesh = layered();
    mesh.replace('main', 'trustDomain: a.com');
    expect(mesh.current().trust.signerNames).toEqual([]);
  });

  it('waits for both layers where there are two', () => {
    const mesh = layered(true);
    mesh.replace('main', 'trustDomain: a.com');
    expect(mesh.isKnown).toBe(false);
    mesh.replace('shared', 'rootNamespace: shared');
    expect(mesh.current().config).toMatchObject({ trustDomain: 'a.com', rootNamespace: 'shared' });
  });

  it('is made good by the other layer', () => {
    const mesh = layered(true);
    mesh.replace('shared', 'rootNamespace: [');
    expect(() => {
      mesh.replace('main', 'trustDomain: a.com');
    }).toThrow();
    mesh.replace('shared', 'rootNamespace: shared');
    expect(mesh.current().config.rootNamespace).toBe('shared');
  });

  it('outlives the loss of a layer', () => {
    const mesh = layered(true);
    mesh.replace('main', 'trustDomain: a.com');
    mesh.replace('shared', 'rootNamespace: shared');
    mesh.lose('main');
    mesh.replace('shared', 'rootNamespace: other');
    expect(mesh.current().config).toMatchObject({ trustDomain: 'a.com', rootNamespace: 'shared' });
    expect(mesh.state.upToDate).toBe(false);
  });

  it('warns of each entry that is not used', () => {
    const pem = JSON.stringify(root.certificatePem);
    layered().replace('main', `caCertificates: [{ pem: ${pem} }]`);
    const because = 'caCertificates[0] names no certSigners, so every tenant would trust it';
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)).toEqual([
      { reason: because },
    ]);
  });

  it('has roots without a signer only where that is wanted', () => {
    const text = `caCertificates: [{ pem: ${JSON.stringify(root.certificatePem)} }]`;
    for (const wanted of [false, true]) {
      const mesh = layered(false, wanted);
      mesh.replace('main', text);
      expect(mesh.current().trust.unboundRoots).toHaveLength(wanted ? 1 : 0);
    }
  });
});
