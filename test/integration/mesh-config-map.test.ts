import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { meshConfigYaml } from '../../src/cli/sandbox-fixtures.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, RunningMesh } from '../support/running-mesh.ts';

const namespace = 'istio-system';
const place = { resource: 'configmaps', namespace, name: 'istio' };
const byConfigMap = { meshConfig: undefined };

let mesh: RunningMesh | undefined;
afterEach(async () => {
  await mesh?.[Symbol.asyncDispose]();
  mesh = undefined;
});

function createMeshConfig(sandbox: Sandbox, more = ''): void {
  const data = { mesh: `${meshConfigYaml(sandbox.signers)}${more}` };
  sandbox.objects.createConfigMap({ namespace, name: 'istio', data });
}

function replaceMeshConfig(text: string): void {
  mesh?.sandbox.objects.change(place, (object) => ({ ...object, data: { mesh: text } }));
}

function emptyMeshConfig(data: Readonly<Record<string, string>>): void {
  mesh?.sandbox.objects.change(place, (object) => ({ ...object, data }));
}

function logged(message: string): boolean {
  return mesh?.log.lines.some((line) => line.message.includes(message)) ?? false;
}

/** Asks until that is the answer. */
async function becomes(status: string): Promise<void> {
  const end = performance.now() + 10_000;
  let now = await mesh?.statusOf();
  while (now !== status && performance.now() < end) now = await mesh?.statusOf();
  expect(now).toBe(status);
}

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

describe('the mesh config in a ConfigMap', () => {
  it('serves, and is followed', async () => {
    mesh = await RunningMesh.start({ flags: byConfigMap, seed: createMeshConfig });
    await expect(mesh.statusOf()).resolves.toBe('OK');
    replaceMeshConfig(
      meshConfigYaml(mesh.sandbox.signers).replace(/^trustDomain: .*/, 'trustDomain: other.com'),
    );
    await becomes('INVALID_ARGUMENT');
  });

  it('keeps the last good one when it turns bad and when it is deleted', async () => {
    mesh = await RunningMesh.start({ flags: byConfigMap, seed: createMeshConfig });
    replaceMeshConfig('trustDomain: [');
    await eventually(() => logged('cannot be used'));
    await expect(mesh.statusOf()).resolves.toBe('OK');
    mesh.sandbox.objects.delete(place);
    await eventually(() => logged('was deleted; the last good one stays in use'));
    await expect(mesh.statusOf()).resolves.toBe('OK');
  });

  it.each([
    ['without a key', {}],
    ['with an empty text', { mesh: '' }],
    ['with nothing but a comment', { mesh: '# moved elsewhere\n' }],
    ['with an empty object', { mesh: '{}' }],
    ['without a root', { mesh: 'trustDomain: cluster.local\n' }],
  ])('F53: keeps the last good one when it is emptied: %s', async (_how, data) => {
    mesh = await RunningMesh.start({ flags: byConfigMap, seed: createMeshConfig });
    emptyMeshConfig(data);
    await eventually(() => logged('the last good one stays in use'));
    await expect(mesh.statusOf()).resolves.toBe('OK');
  });

  it('may come later, and /ready says so until then', async () => {
    const httpAddr = await freeAddress();
    let sandbox: Sandbox | undefined;
    const starting = RunningMesh.start({
      flags: { ...byConfigMap, httpAddr },
      seed: (seeded) => {
        sandbox = seeded;
      },
    });
    let page = '';
    const look = async (): Promise<void> => {
      const answer = await fetch(`http://${httpAddr}/ready`).catch(() => undefined);
      if (answer !== undefined) page = `${answer.status} ${await answer.text()}`;
    };
    await eventually(() => {
      void look();
      return page.includes('does not exist');
    });
    expect(page).toMatch(/^503 /);
    expect(page).toContain('ConfigMap istio-system/istio does not exist');
    if (sandbox !== undefined) createMeshConfig(sandbox);
    mesh = await starting;
    await expect(mesh.statusOf()).resolves.toBe('OK');
  });

  it('lies over the shared one, which it needs', async () => {
    const seed = (sandbox: Sandbox): void => {
      const data = { mesh: 'trustDomain: shared.com' };
      sandbox.objects.createConfigMap({ namespace, name: 'shared', data });
      const mesh = meshConfigYaml(sandbox.signers).replace(/^trustDomain: .*\n/, '');
      sandbox.objects.createConfigMap({ namespace, name: 'istio', data: { mesh } });
    };
    const env = { SHARED_MESH_CONFIG: 'shared' };
    mesh = await RunningMesh.start({ flags: byConfigMap, env, seed });
    // The workloads' trust domain is another, which the shared one alone says.
    await expect(mesh.statusOf()).resolves.toBe('INVALID_ARGUMENT');
    mesh.sandbox.objects.change({ ...place, name: 'shared' }, (object) => ({
      ...object,
      data: { mesh: 'trustDomain: cluster.local' },
    }));
    await becomes('OK');
  });

  it('may lie over a shared one as a file too', async () => {
    const env = { SHARED_MESH_CONFIG: 'shared' };
    const seed = (sandbox: Sandbox): void => {
      const data = { mesh: 'rootNamespace: shared-root' };
      sandbox.objects.createConfigMap({ namespace, name: 'shared', data });
    };
    mesh = await RunningMesh.start({ env, seed });
    await expect(mesh.statusOf()).resolves.toBe('OK');
  });
});
