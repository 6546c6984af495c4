import { UsageError } from './workspace.ts';

/** Namespace and name in `sub` of a service account's token (Kubernetes' own form). */
const serviceAccountSubject = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * The service account that a token says it is for. Nothing is verified: it is only what the command
 * writes into its CSR, and the authority decides. Throws UsageError.
 */
export function readTokenSubject(token: string): { namespace: string; serviceAccount: string } {
  const match = serviceAccountSubject.exec(subjectOf(token));
  if (match === null) {
    throw new UsageError(
      'the token does not say for which service account it is: name the identity with --identity',
    );
  }
  const [, namespace = '', serviceAccount = ''] = match;
  return { namespace, serviceAccount };
}

function subjectOf(token: string): string {
  const [, payload = ''] = token.split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const hasSubject = typeof claims === 'object' && claims !== null && 'sub' in claims;
    return hasSubject && typeof claims.sub === 'string' ? claims.sub : '';
  } catch {
    return '';
  }
}
