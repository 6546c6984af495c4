import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { Suite, type Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from '../mesh/cluster-context.ts';
import { verifyErrorsOf } from '../mesh/verify-errors.ts';
import { freshMeshSteps } from './fresh-mesh.ts';
import { renewalSteps } from './renewals.ts';
import { walkThroughSteps } from './walk-through.ts';

/** A control of which a step takes longer has failed for the wrong reason. */
const maxStepMs = 300_000;

export interface ControlOptions {
  /** Counts the controls themselves. */
  readonly suite: Suite;
  /** A context in a folder of its own. */
  readonly contextFor: (name: string) => ClusterContext;
  readonly print: (line: string) => void;
}

/**
 * Runs the chapters where they must fail: what passes even then proves nothing. A control passes where the
 * chapter has failed, and for the reason that was put there.
 */
export async function runControls(options: ControlOptions): Promise<void> {
  await controlSwappedRoot(options);
  await controlWithoutRoots(options);
}

/** The CA of foo gets a new key from one moment to the next, while requests flow. */
async function controlSwappedRoot(options: ControlOptions): Promise<void> {
  const { suite, contextFor } = options;
  const context = contextFor('control-swap');
  const title = 'Control runs: a fresh mesh for them, where the walk-through passes';
  const start = [...freshMeshSteps(context), ...walkThroughSteps(context)];
  if (!(await suite.chapter(title, start))) return;
  const renewals = renewalSteps(context);
  const under = new ExpectedFailure(options);
  const before = await verifyErrorsOf(context, 'foo', 'deploy/sleep');
  await under.chapter('(control) traffic starts', renewals.begin);
  const swapped = await suite.chapter('Control runs: a root is swapped without overlap', [
    swapStep(context),
  ]);
  await under.chapter('(control) Renewals under traffic', renewals.end);
  if (!swapped) return;
  await suite.chapter('Control runs: after the swap', [
    {
      name: '"Renewals under traffic" has failed: requests were lost in foo, for the certificate',
      run: async (show) => {
        const refused = (await verifyErrorsOf(context, 'foo', 'deploy/sleep')) - before;
        show(`failed: ${under.failed.join('; ')}`);
        show(`ssl.fail_verify_error +${refused} at foo's client`);
        assert.ok(under.failed.includes('no request was lost in foo'), 'it has passed');
        assert.ok(refused > 0, 'requests were lost, but no certificate was refused');
      },
    },
    {
      name: '"Renewals under traffic" has lost none in bar, whose root is as before',
      run: () => {
        assert.ok(!under.failed.includes('no request was lost in bar'), under.failed.join('; '));
        return Promise.resolve();
      },
    },
  ]);
}

/**
 * By the document's own commands, but with nothing for the time in between. The server is restarted to have its
 * new certificate at once; the client has the old root until it renews.
 */
function swapStep(context: ClusterContext): Step {
  return {
    name: "cert-manager makes a new root for foo, and the mesh config has it in the old one's place",
    foundation: true,
    run: async (show) => {
      const root = `kubectl get secret foo-root --namespace cert-manager -o jsonpath='{.data.tls\\.crt}'`;
      const old = await context.type(root);
      await context.type(`kubectl delete secret foo-root --namespace cert-manager
kubectl wait --for=create --timeout=60s secret/foo-root --namespace cert-manager`);
      assert.notEqual(await context.type(root), old, 'cert-manager has made the same root again');
      await context.document('install.md').run('mesh-config');
      await context.type(`helm upgrade istiod istio/istiod --namespace istio-system \
  --values mesh.yaml --values istiod.yaml
kubectl rollout restart deployment/httpbin --namespace foo
kubectl rollout status deployment/httpbin --namespace foo --timeout 180s`);
      show('foo-root has another key');
    },
  };
}

/** The whole way again, but istiod's chart is not given the roots. */
async function controlWithoutRoots(options: ControlOptions): Promise<void> {
  const context = options.contextFor('control-no-roots');
  const installs = freshMeshSteps(context);
  const after = 1 + installs.findIndex(({ name }) => name.startsWith('the issuers of the tenants'));
  const under = new ExpectedFailure(options);
  await under.chapter('(control) A fresh mesh without caCertificates, then the walk-through', [
    ...installs.slice(0, after),
    withoutRootsStep(context),
    ...installs.slice(after),
    ...walkThroughSteps(context),
  ]);
  await options.suite.chapter('Control runs: without the roots', [
    {
      name: 'the walk-through has failed, since istio-ra has no root for its signers and says so',
      run: async (show) => {
        show(`first to fail: ${under.failed[0] ?? 'nothing'}`);
        assert.match(under.failed[0] ?? '', /^istiod is installed by its own chart/);
        const line = `kubectl logs --namespace istio-system deploy/istio-ra --tail=-1 |
  grep -m1 'caCertificates'`;
        show(await context.type(line));
      },
    },
  ]);
}

function withoutRootsStep(context: ClusterContext): Step {
  return {
    name: 'mesh.yaml has no caCertificates',
    foundation: true,
    run: () => {
      const file = join(context.folder, 'mesh.yaml');
      const { meshConfig } = parse(readFileSync(file, 'utf8')) as {
        readonly meshConfig: Readonly<Record<string, unknown>>;
      };
      assert.ok('caCertificates' in meshConfig, 'mesh.yaml had none before');
      const others = Object.entries(meshConfig).filter(([name]) => name !== 'caCertificates');
      writeFileSync(file, stringify({ meshConfig: Object.fromEntries(others) }));
      return Promise.resolve();
    },
  };
}

/** A suite of its own, whose failures are what is wanted and count nowhere else. */
class ExpectedFailure {
  /** Names of the steps that failed. */
  readonly failed: string[] = [];
  private readonly suite: Suite;

  constructor({ print }: ControlOptions) {
    this.suite = new Suite({
      print: (line) => {
        const failed = /^ {2}FAIL {2}(.*)$/.exec(line)?.[1];
        if (failed !== undefined) this.failed.push(failed);
        print(line.replaceAll(/^(?=.)/gm, '    | '));
      },
      missing: new Map(),
      mustRunAll: true,
      maxStepMs,
    });
  }

  async chapter(title: string, steps: readonly Step[]): Promise<void> {
    await this.suite.chapter(title, steps);
  }
}
