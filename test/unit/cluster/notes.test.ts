import { describe, expect, it } from '@jest/globals';
import { notesOf } from '../../cluster/mesh/notes.ts';

const printed = `NAME: istio-ra
STATUS: deployed
NOTES:
istio-ra 0.1.0 is installed in mode beside.

  kubectl --namespace istio-system rollout status deployment/istio-ra

A pod that does not become ready says why.

What to do next: tell Istio that its CA is here. In the values of istiod's chart:

  pilot: { env: { ENABLE_CA_SERVER: "false" } }
  global: { caAddress: istio-ra.istio-system.svc:15012 }

and in those of ztunnel's, where there is ambient:

  caAddress: istio-ra.istio-system.svc:15012
`;

describe('what NOTES.txt tells its reader', () => {
  it('is the commands to run', () => {
    expect(notesOf(printed).commands).toEqual([
      'kubectl --namespace istio-system rollout status deployment/istio-ra',
    ]);
  });

  it("is the values of istiod's chart, and not those of ztunnel's", () => {
    expect(notesOf(printed).istiodValues).toEqual({
      pilot: { env: { ENABLE_CA_SERVER: 'false' } },
      global: { caAddress: 'istio-ra.istio-system.svc:15012' },
    });
  });

  it('is missed where helm printed none', () => {
    expect(() => notesOf('NAME: istio-ra\n')).toThrow('NOTES.txt has no command or no values');
  });
});
