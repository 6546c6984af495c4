import type { Check } from './check.ts';
import type { CheckContext } from './check-context.ts';
import { apiReachable } from './checks/api-reachable.ts';
import { assignments } from './checks/assignments.ts';
import { canaryChecks } from './checks/canary.ts';
import { certManagerCsrFeature } from './checks/cert-manager-csr-feature.ts';
import { certManagerPresent } from './checks/cert-manager-present.ts';
import { clockSkew } from './checks/clock-skew.ts';
import { clusterId } from './checks/cluster-id.ts';
import { injectionRootVolume } from './checks/injection-root-volume.ts';
import { issuerCaInRoots } from './checks/issuer-ca-in-roots.ts';
import { issuersReady } from './checks/issuers-ready.ts';
import { istiodCaServer } from './checks/istiod-ca-server.ts';
import { meshConfig } from './checks/mesh-config.ts';
import { multirootMesh } from './checks/multiroot-mesh.ts';
import { ownCertificate } from './checks/own-certificate.ts';
import { podsInjectedSigner } from './checks/pods-injected-signer.ts';
import { rightChecks } from './checks/right.ts';
import { rootConfigMapWriters } from './checks/root-config-map-writers.ts';
import { rootConfigMap } from './checks/root-config-map.ts';
import { rootsExpiry } from './checks/roots-expiry.ts';
import { rootsShared } from './checks/roots-shared.ts';
import { signerNames } from './checks/signer-names.ts';
import { signerPolicy } from './checks/signer-policy.ts';
import { signersHaveRoots } from './checks/signers-have-roots.ts';
import { tokenAudience } from './checks/token-audience.ts';
import { unboundSigners } from './checks/unbound-signers.ts';
import { versions } from './checks/versions.ts';
import { ztunnelAccount } from './checks/ztunnel-account.ts';

/** Every check there is, in the order in which a person wants to read them: what others rest on first. */
export function allChecks(context: CheckContext): readonly Check[] {
  return [
    apiReachable(context),
    versions(context),
    clockSkew(context),
    ...rightChecks(context),
    meshConfig(context),
    signerNames(context),
    signerPolicy(context),
    signersHaveRoots(context),
    rootsExpiry(context),
    rootsShared(context),
    unboundSigners(context),
    assignments(context),
    podsInjectedSigner(context),
    certManagerPresent(context),
    certManagerCsrFeature(context),
    ...issuersReady(context),
    ...issuerCaInRoots(context),
    ...canaryChecks(context),
    tokenAudience(context),
    clusterId(context),
    ztunnelAccount(context),
    istiodCaServer(context),
    multirootMesh(context),
    injectionRootVolume(context),
    rootConfigMap(context),
    rootConfigMapWriters(context),
    ownCertificate(context),
  ];
}
