import { messageOf } from '../base/error-message.ts';
import { AuthenticatorChain } from '../authn/authenticator-chain.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import { ClientAllowList } from '../authn/client-allow-list.ts';
import { ClientCertificateAuthenticator } from '../authn/client-certificate-authenticator.ts';
import type { ClusterRegistry } from '../authn/cluster-registry.ts';
import { KubeTokenAuthenticator } from '../authn/kube-token-authenticator.ts';
import { OidcAuthenticator } from '../authn/oidc-authenticator.ts';
import { SignerRoots } from '../authz/assigned-roots.ts';
import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import type { MeshSource } from '../mesh/mesh-snapshot.ts';
import { ChainVerifier } from '../pki/chain.ts';
import { openOidcIssuers } from '../clusters/oidc-issuers.ts';

export interface AuthenticationOptions {
  readonly config: Pick<
    RaConfig,
    'tokenAudiences' | 'signerDomain' | 'oidcIssuersPath' | 'clientCertIdentities' | 'cluster'
  >;
  readonly clusters: ClusterRegistry;
  readonly inputSource: AssignmentInputSource;
  readonly mesh: MeshSource;
  readonly context: Pick<StartContext, 'clock' | 'log' | 'started'>;
}

/**
 * What tells who calls: tokens that the clusters' API servers review, and, where the configuration
 * says so, tokens of other issuers and client certificates. Throws an Error that names the setting.
 */
export async function openAuthentication(options: AuthenticationOptions): Promise<Authenticator> {
  const { config, clusters, mesh, context } = options;
  const { clock } = context;
  const audiences = config.tokenAudiences;
  const { signerDomain, oidcIssuersPath: path } = config;
  const issuers = path === undefined ? [] : await openOidcIssuers({ path, signerDomain, context });
  return new AuthenticatorChain({
    kubernetes: new KubeTokenAuthenticator({ clusters, mesh, audiences, clock }),
    oidc: issuers.length === 0 ? undefined : new OidcAuthenticator({ issuers, mesh, clock }),
    clientCertificate: clientCertificates(options),
  });
}

function clientCertificates({
  config,
  inputSource,
  mesh,
  context: { clock },
}: AuthenticationOptions): Authenticator | undefined {
  const allowList = readAllowList(config.clientCertIdentities);
  if (allowList.isEmpty) return undefined;
  const { cluster } = config;
  const assignedRoots = new SignerRoots({ inputSource, cluster: cluster.id });
  return new ClientCertificateAuthenticator({
    allowList,
    assignedRoots,
    mesh,
    cluster,
    verifier: new ChainVerifier(),
    clock,
  });
}

function readAllowList(identities: readonly string[]): ClientAllowList {
  try {
    return new ClientAllowList(identities);
  } catch (cause) {
    const problem = messageOf(cause);
    throw new Error(`CLIENT_CERT_IDENTITIES: ${problem}`, { cause });
  }
}
