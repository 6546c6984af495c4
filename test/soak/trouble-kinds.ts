import type { FaultOptions, SignerFault } from '../../src/sandbox/faults.ts';
import type { Random } from '../fuzz/runner/random.ts';
import type { SoakFault } from './sandbox/soak-messages.ts';
import type { MeshVariant } from './soak-world.ts';
import { signerOf, troubledTenants } from './tenants.ts';

/** Something to be switched on for a while. */
export type Trouble =
  | { readonly kind: 'fault'; readonly name: string; readonly fault: SoakFault }
  | { readonly kind: 'mesh'; readonly name: string; readonly variant: MeshVariant }
  | { readonly kind: 'api-restart'; readonly name: string }
  | { readonly kind: 'own-restart'; readonly name: string };

const create: FaultOptions = { verb: 'create', resource: 'certificatesigningrequests' };
const approve: FaultOptions = {
  ...{ verb: 'update', resource: 'certificatesigningrequests', subresource: 'approval' },
};
const remove: FaultOptions = { verb: 'delete', resource: 'certificatesigningrequests' };
const review: FaultOptions = { verb: 'create', resource: 'tokenreviews' };

const api = (name: string, fault: SoakFault & { readonly board: 'api' }): Trouble => ({
  ...{ kind: 'fault', name, fault },
});

/** The API itself does not work: nobody can be served for sure. */
export const apiTroubles: readonly [Trouble, ...Trouble[]] = [
  api('API 500', { board: 'api', fault: { kind: 'status', status: 500 } }),
  api('API 503', { board: 'api', fault: { kind: 'status', status: 503 } }),
  api('API 429 on create', {
    ...{ board: 'api', options: create },
    fault: { kind: 'status', status: 429, retryAfterSeconds: 1 },
  }),
  api('create hangs', { board: 'api', fault: { kind: 'hang' }, options: create }),
  api('create is done, its answer is lost', {
    ...{ board: 'api', fault: { kind: 'lost', when: 'after' }, options: create },
  }),
  api('approval conflicts', {
    ...{ board: 'api', fault: { kind: 'status', status: 409 }, options: approve },
  }),
  api('approval is done, its answer is lost', {
    ...{ board: 'api', fault: { kind: 'lost', when: 'after' }, options: approve },
  }),
  api('approval is slow', { board: 'api', fault: { kind: 'slow', ms: 2_000 }, options: approve }),
  api('delete fails', {
    ...{ board: 'api', fault: { kind: 'status', status: 503 }, options: remove },
  }),
  api('answers are garbage', { board: 'api', fault: { kind: 'garbage' }, options: create }),
  api('token reviews fail', {
    ...{ board: 'api', fault: { kind: 'status', status: 500 }, options: review },
  }),
  api('token reviews hang', { board: 'api', fault: { kind: 'hang' }, options: review }),
  {
    kind: 'fault',
    name: 'token reviews answer with an error',
    fault: { board: 'tokenReview', fault: { kind: 'error' } },
  },
  { kind: 'api-restart', name: 'API restarts' },
];

const watch = (
  kind: 'drop' | 'expired' | 'error' | 'truncated' | 'silent' | 'duplicate',
): Trouble => ({
  kind: 'fault',
  name: `watch: ${kind}`,
  fault: { board: 'watch', fault: { kind } },
});

/** What must not hurt the tenant beside it. */
export const harmlessTroubles: readonly [Trouble, ...Trouble[]] = [
  watch('drop'),
  watch('expired'),
  watch('error'),
  watch('truncated'),
  watch('silent'),
  watch('duplicate'),
  { kind: 'mesh', name: 'mesh: a root is added', variant: 'added' },
  { kind: 'mesh', name: "mesh: one tenant's root is replaced", variant: 'replaced' },
  { kind: 'mesh', name: 'mesh: unreadable', variant: 'broken' },
];

const signerFaults: readonly [SignerFault, ...SignerFault[]] = [
  { kind: 'delay', ms: 3_000 },
  { kind: 'never' },
  { kind: 'garbage-pem' },
  { kind: 'deny' },
  { kind: 'fail' },
  { kind: 'wrong-key' },
  { kind: 'wrong-root' },
  { kind: 'expired' },
  { kind: 'leaf-only' },
  { kind: 'changed-after-issue', afterMs: 20 },
];

/** What a signer of another tenant does wrong. */
export function signerTrouble(random: Random): Trouble {
  const tenant = random.pick(troubledTenants);
  const fault = random.pick(signerFaults);
  return {
    kind: 'fault',
    name: `signer: ${fault.kind}`,
    fault: { board: 'signer', fault, options: { signerName: signerOf(tenant) } },
  };
}
