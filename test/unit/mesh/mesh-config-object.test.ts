import { beforeEach, describe, expect, it } from '@jest/globals';
import { LayeredMesh } from '../../../src/mesh/layered-mesh.ts';
import { MeshConfigObject } from '../../../src/mesh/mesh-config-object.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

let log: RecordingLogger;
let mesh: LayeredMesh;
let object: MeshConfigObject;

beforeEach(() => {
  log = new RecordingLogger();
  mesh = new LayeredMesh({ shared: false, trustUnboundRoots: false, clock: new FakeClock(), log });
  const [namespace, name] = ['istio-system', 'istio'];
  object = new MeshConfigObject({ namespace, name, layer: 'main', mesh, log });
});

function put(text: string | undefined): void {
  const data: Record<string, string> = text === undefined ? { other: 'x' } : { mesh: text };
  object.onPut({ name: 'istio', data });
}

function warnings(): readonly string[] {
  return log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
}

describe('MeshConfigObject', () => {
  it('is not ready before it was read', () => {
    expect(object.notReadyBecause()).toBe('ConfigMap istio-system/istio has not been read yet');
  });

  it('is not ready while it does not exist', () => {
    object.onSynced();
    expect(object.notReadyBecause()).toBe('ConfigMap istio-system/istio does not exist');
    expect(warnings()).toEqual([
      'the ConfigMap with the mesh config does not exist; we wait for it',
    ]);
  });

  it.each([
    [undefined, 'has no key mesh'],
    ['a: [', 'cannot be used: mesh config is not YAML'],
    ['trustDomain: [x]', 'cannot be used: trustDomain: must be a string'],
  ])('is not ready while it holds %j', (text, problem) => {
    put(text);
    object.onSynced();
    expect(object.notReadyBecause()).toContain(`ConfigMap istio-system/istio ${problem}`);
    expect(warnings()).toHaveLength(1);
  });

  it('is ready once it was good, also after something bad', () => {
    put('a: [');
    put('trustDomain: a.com');
    expect(object.notReadyBecause()).toBeUndefined();
    expect(mesh.current().config.trustDomain).toBe('a.com');
  });

  it('keeps the last good one and names the object when it turns bad', () => {
    put('trustDomain: a.com');
    put('a: [');
    put('a: [');
    expect(object.notReadyBecause()).toBeUndefined();
    expect(mesh.current().config.trustDomain).toBe('a.com');
    expect(log.lines.at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('the last good one stays in use') as unknown,
      fields: {
        reason: 'MeshConfigBad',
        kind: 'ConfigMap',
        namespace: 'istio-system',
        name: 'istio',
      },
    });
    expect(warnings()).toHaveLength(1);
  });

  it('keeps the last good one when it is deleted, and takes what comes after', () => {
    put('trustDomain: a.com');
    object.onGone({ name: 'istio' });
    expect(mesh.current().config.trustDomain).toBe('a.com');
    expect(warnings()).toEqual([
      'the ConfigMap with the mesh config was deleted; the last good one stays in use',
    ]);
    put('trustDomain: b.com');
    expect(mesh.current()).toMatchObject({ generation: 2, config: { trustDomain: 'b.com' } });
  });

  it('does not look at other objects', () => {
    object.onPut({ name: 'other', data: { mesh: 'trustDomain: b.com' } });
    expect(mesh.isKnown).toBe(false);
    put('trustDomain: a.com');
    object.onGone({ name: 'other' });
    expect(mesh.state.upToDate).toBe(true);
  });
});
