import type { Step } from '../../e2e/runner/suite.ts';
import type { ClusterContext } from './cluster-context.ts';

const namespaces = ['foo', 'bar', 'istio-system', 'cert-manager'];

/** Objects that belong to no namespace and would stay. */
const leftovers = `
kubectl delete gateways.gateway.networking.k8s.io --all --all-namespaces --ignore-not-found 2>/dev/null || true
helm uninstall gateway --namespace foo --ignore-not-found --wait >/dev/null
kubectl delete clusterissuer --all --ignore-not-found 2>/dev/null || true
istioctl uninstall --purge --skip-confirmation >/dev/null 2>&1 || true
for release in istio-ra istiod-canary istiod-upstream istiod istio-base; do
  helm uninstall "$release" --namespace istio-system --ignore-not-found --wait >/dev/null
done
helm uninstall cert-manager --namespace cert-manager --ignore-not-found --wait >/dev/null
definitions=$(kubectl get crd -o name | grep -E 'istio.io|cert-manager.io|gateway.networking.k8s.io' || true)
[ -z "$definitions" ] || kubectl delete $definitions --wait=false >/dev/null
kubectl delete namespace ${namespaces.join(' ')} --ignore-not-found --wait >/dev/null
# One that is still going would take those with it that the next chapter installs.
[ -z "$definitions" ] || kubectl wait --for=delete --timeout=120s $definitions >/dev/null
`;

/** Takes away what an earlier chapter has installed, so that the next one starts as a reader does. */
export function emptyClusterStep(context: ClusterContext): Step {
  return {
    name: 'nothing of an earlier installation is in the cluster',
    foundation: true,
    run: async () => {
      const found = await context.kubectl.run('get', 'namespaces', '-o', 'name');
      if (!namespaces.some((name) => found.includes(`namespace/${name}`))) return;
      await context.type(leftovers);
    },
  };
}
