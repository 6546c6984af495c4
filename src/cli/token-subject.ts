import { UsageError } from './workspace.ts';

/**
 * The service account that a token says it is for. Nothing is verified: it is only what the command
 * writes into its CSR, and the authority decides.
 */
export function readTokenSubject(token: string): { namespace: string; serviceAccount: string } {
  const [, payload = ''] = token.split('.');
  let subject: unknown;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : '';
  } catch {
    subject = '';
  }
  const parts = typeof subject === 'string' ? subject.split(':') : [];
  const [system, kind, namespace = '', serviceAccount = ''] = parts;
  if (parts.length !== 4 || system !== 'system' || kind !== 'serviceaccount') {
    throw new UsageError(
      'the token does not say for which service account it is: name the identity with --identity',
    );
  }
  return { namespace, serviceAccount };
}
