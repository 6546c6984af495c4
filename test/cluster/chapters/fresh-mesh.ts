import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Step } from '../../e2e/runner/suite.ts';
import { awaitUntil } from '../../e2e/stack/await-until.ts';
import type { Manifest } from '../../e2e/stack/kubectl.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { emptyClusterStep } from '../mesh/empty-cluster.ts';
import { notesOf } from '../mesh/notes.ts';

/** docs/install.md, "A new mesh": cert-manager, issuers, istio-ra and istiod, in its order and by its commands. */
export function freshMeshSteps(context: ClusterContext): readonly Step[] {
  const install = context.document('install.md');
  let notes = '';
  return [
    emptyClusterStep(context),
    {
      name: 'cert-manager is installed by its own chart, with its webhook and its signers for the CSR API',
      foundation: true,
      run: async (show) => {
        await installCertManager(context);
        show(await context.type('kubectl get pods --namespace cert-manager --no-headers'));
      },
    },
    {
      name: 'the issuers of the tenants are ready: a ClusterIssuer for foo, an Issuer in its namespace for bar',
      foundation: true,
      run: async () => {
        await install.run('namespaces');
        await install.run('issuers');
        await install.run('mesh-config');
      },
    },
    {
      name: "istio-ra is installed by helm from the documented values, and waits for istiod's mesh config",
      foundation: true,
      run: async (show) => {
        await install.run('values');
        await install.run('istiod-values');
        await install.run('istio-base');
        notes = await install.run('install');
        show(`image ${await imageOf(context)}`);
      },
    },
    {
      name: 'NOTES.txt asks for the values of istiod that docs/install.md has',
      run: () => {
        const documented: unknown = parse(
          readFileSync(join(context.folder, 'istiod.yaml'), 'utf8'),
        );
        assert.deepEqual(notesOf(notes).istiodValues, documented);
        return Promise.resolve();
      },
    },
    {
      name: 'istiod is installed by its own chart, without a CA of its own, and has a certificate of our making',
      foundation: true,
      run: async (show) => {
        await install.run('istiod');
        for (const command of notesOf(notes).commands) await context.type(command);
        show(await servingIssuer(context));
      },
    },
    {
      name: 'the workloads of foo and bar start with sidecars',
      foundation: true,
      run: async (show) => {
        await install.run('proxy-configs');
        await install.run('workloads');
        show(
          await context.type(
            'kubectl get pods --all-namespaces --no-headers | grep -E "^(foo|bar)"',
          ),
        );
      },
    },
  ];
}

/**
 * Installs cert-manager and waits until its webhook answers. Helm waits for that by a job of the chart, whose
 * program is not among those that can be built here.
 */
export async function installCertManager(context: ClusterContext): Promise<void> {
  await context.document('install.md').run('cert-manager');
  const probe: Manifest = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: { name: 'probe' },
    spec: { selfSigned: {} },
  };
  await awaitUntil(
    () => context.kubectl.apply([probe], ['create', '--dry-run=server']).then(() => true),
    { what: "cert-manager's webhook answers", timeoutMs: 120_000, intervalMs: 500 },
  );
}

async function imageOf(context: ClusterContext): Promise<string> {
  const path = '{.spec.template.spec.containers[0].image}';
  const line = `kubectl get deployment istio-ra --namespace istio-system -o jsonpath='${path}'`;
  return context.type(line);
}

/** Issuer and names of the certificate that istiod serves with, as openssl prints them. */
export async function certificateOfIstiod(context: ClusterContext): Promise<string> {
  return context.type(
    `kubectl get secret istiod-tls --namespace istio-system -o jsonpath='{.data.tls\\.crt}' |
      base64 -d | openssl x509 -noout -issuer -ext subjectAltName`,
  );
}

/** The same, once it is right. */
async function servingIssuer(context: ClusterContext): Promise<string> {
  const issuer = await certificateOfIstiod(context);
  assert.match(issuer, /istio-system-root/);
  assert.match(issuer, /DNS:istiod\.istio-system\.svc/);
  return issuer.replaceAll(/\s+/g, ' ').trim();
}
