import type { TrustedNodeAccount } from '../authz/node-authorizer.ts';
import type { Setting } from './setting.ts';
import { file, list } from './setting-parsers.ts';

function nodeAccounts(value: string): readonly TrustedNodeAccount[] {
  return list(value).map((item) => {
    const [namespace = '', serviceAccount = '', ...rest] = item.split('/');
    if (namespace === '' || serviceAccount === '' || rest.length > 0) {
      throw new Error('must be <namespace>/<service account>, several joined by commas');
    }
    return { namespace, serviceAccount };
  });
}

/** Who may call, and how they prove who they are. */
export const callerSettings = {
  tokenAudiences: {
    env: 'TOKEN_AUDIENCES',
    help: 'audiences of which a token must carry one',
    placeholder: '<a,b>',
    fallback: 'istio-ca',
    parse: list,
  },
  trustedNodeAccounts: {
    env: 'CA_TRUSTED_NODE_ACCOUNTS',
    help: 'node agents that may ask for the pods of their node, such as istio-system/ztunnel',
    placeholder: '<ns/account,…>',
    parse: nodeAccounts,
  },
  clientCertIdentities: {
    env: 'CLIENT_CERT_IDENTITIES',
    help: 'who may renew by certificate: SPIFFE URIs and ns/<namespace>/*; absent: nobody',
    placeholder: '<uri,ns/name/*,…>',
    parse: list,
  },
  oidcIssuers: {
    ...file('oidcIssuers', 'issuers of tokens that no API server reviews; see the README'),
    env: 'OIDC_ISSUERS',
  },
  remoteClusters: {
    ...file('remoteClusters', 'remote clusters, and what each is good for; see the README'),
    env: 'REMOTE_CLUSTERS',
  },
} satisfies Record<string, Setting<unknown>>;
