import { RaError } from '../base/ra-error.ts';

const prefix = 'system:serviceaccount:';
/** RFC 1123 label, the grammar of a namespace's name. */
const namespaceGrammar = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain, the grammar of a service account's name. */
const accountGrammar = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const maxUsernameLength = 22 + 63 + 1 + 253;

export interface ServiceAccountName {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * Reads `system:serviceaccount:<namespace>:<name>`, the username that the API server gives to
 * service accounts. Total: throws CALLER_UNAUTHENTICATED on any other text.
 */
export function parseServiceAccountUsername(username: string): ServiceAccountName {
  const parts = username.length <= maxUsernameLength ? username.split(':') : [];
  const [, , namespace = '', serviceAccount = ''] = parts;
  const wellFormed =
    username.startsWith(prefix) &&
    parts.length === 4 &&
    namespaceGrammar.test(namespace) &&
    serviceAccount.length <= 253 &&
    accountGrammar.test(serviceAccount);
  if (!wellFormed) {
    throw new RaError('CALLER_UNAUTHENTICATED', 'the username is not that of a service account', {
      reason: 'username_malformed',
    });
  }
  return { namespace, serviceAccount };
}
