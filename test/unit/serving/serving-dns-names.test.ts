import { describe, expect, it } from '@jest/globals';
import { controlPlaneNames, servingDnsNames } from '../../../src/serving/serving-dns-names.ts';
import type { ServingDnsNamesOptions } from '../../../src/serving/serving-dns-names.ts';

function names(change: Partial<ServingDnsNamesOptions> = {}): readonly string[] {
  return servingDnsNames({
    customHosts: [],
    discoveryHost: 'istiod.mesh.svc',
    namespace: 'mesh',
    revision: '',
    ...change,
  });
}

const services = ['istio-pilot.mesh.svc', 'istiod-remote.mesh.svc', 'istiod.mesh.svc'];

describe('servingDnsNames', () => {
  it('are the three Services of a control plane, sorted', () => {
    expect(names()).toEqual(services);
  });

  it('have one custom host added', () => {
    expect(names({ customHosts: ['ra.example'] })).toEqual([...services, 'ra.example']);
  });

  it('have several custom hosts added', () => {
    const customHosts = ['z.example', 'a.example', 'k.example'];

    expect(names({ customHosts })).toEqual(['a.example', ...services, 'k.example', 'z.example']);
  });

  it('hold each name once', () => {
    const customHosts = ['a.example', ' a.example', 'istiod.mesh.svc', ''];

    expect(names({ customHosts })).toEqual(['a.example', ...services]);
  });

  it.each(['', 'default'])('have nothing added by the revision %j', (revision) => {
    expect(names({ revision })).toEqual(services);
  });

  it('have the Service of a revision added', () => {
    expect(names({ revision: 'canary' })).toEqual([
      'istio-pilot.mesh.svc',
      'istiod-canary.mesh.svc',
      ...services.slice(1),
    ]);
  });

  it('hold a discovery host that is another, and do without one', () => {
    expect(names({ discoveryHost: 'discovery.example' })).toEqual([
      'discovery.example',
      ...services,
    ]);
    expect(names({ discoveryHost: undefined })).toEqual(services);
  });
});

describe('the names of a control plane', () => {
  const config = { podNamespace: 'mesh', revision: '' };
  const named = (discoveryAddress: string | undefined): readonly string[] =>
    controlPlaneNames({ ...config, customHosts: ['ra.example'] }, { discoveryAddress });

  it('hold the host by which the mesh config lets workloads look for it', () => {
    expect(named('control.example:15012')).toEqual(['control.example', ...services, 'ra.example']);
  });

  it.each([undefined, '', '10.0.0.7:15012', '[fd00::7]:15012', 'no_dns_name:15012'])(
    'have nothing added by the address %j',
    (address) => {
      expect(named(address)).toEqual([...services, 'ra.example']);
    },
  );
});
