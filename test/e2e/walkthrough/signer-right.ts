import { rightsOf } from '../stack/access.ts';
import { awaitUntil } from '../stack/await-until.ts';
import type { Manifest } from '../stack/kubectl.ts';
import { account, clusterRole, rightsFile, type World } from './world.ts';

interface Role extends Manifest {
  readonly rules: readonly { readonly resourceNames?: readonly string[] }[];
}

/** Takes one signer, by its full name, out of the documented role; waits until it may not be approved for. */
export async function withdrawSignerRight({ controlPlane }: World, name: string): Promise<void> {
  const { kubectl } = controlPlane;
  const role = await kubectl.get<Role>('clusterrole', clusterRole);
  const rules = role.rules.map((rule) => ({
    ...rule,
    ...(rule.resourceNames && { resourceNames: rule.resourceNames.filter((n) => n !== name) }),
  }));
  const { apiVersion, kind, metadata } = role;
  await kubectl.apply([{ apiVersion, kind, metadata: { name: metadata.name }, rules }]);
  const right = { verb: 'approve', group: 'certificates.k8s.io', resource: 'signers', name };
  await awaitUntil(async () => (await rightsOf(kubectl, account, [right])).length === 0, {
    what: `istio-ra may no longer approve for ${name}`,
    timeoutMs: 20_000,
  });
}

/** Gives the account the documented rights again. */
export async function restoreRights(world: World): Promise<void> {
  await world.controlPlane.kubectl.applyFile(world.path(rightsFile));
}
