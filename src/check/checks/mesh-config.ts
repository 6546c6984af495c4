import { failed, listed, ok } from '../check.ts';
import type { Check, CheckVerdict } from '../check.ts';
import type { CheckContext } from '../check-context.ts';
import type { Fact } from '../fact.ts';
import type { MeshFacts } from '../facts.ts';

/** Whether there is a mesh config that can be used, and all of it. */
export function meshConfig({ facts }: Pick<CheckContext, 'facts'>): Check {
  return { id: 'mesh-config', severity: 'error', run: () => judgeMeshConfig(facts.mesh) };
}

export function judgeMeshConfig(mesh: Fact<MeshFacts>): CheckVerdict {
  if (mesh.kind === 'unknown') {
    const fix = 'name a file with --meshConfig, or correct the ConfigMap that the text names';
    return failed(`the mesh config cannot be used: ${mesh.because}`, fix);
  }
  const { snapshot, origin } = mesh.value;
  const { ignored, trustDomain } = snapshot.config;
  if (ignored.length > 0) {
    const text = `${origin} has entries that are not used: ${listed(ignored)}`;
    return failed(text, 'correct these entries of caCertificates, or take them out', 'warning');
  }
  const { length } = snapshot.trust.signerNames;
  return ok(`${origin} has roots for ${length} signers and the trust domain ${trustDomain}`);
}
