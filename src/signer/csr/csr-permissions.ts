import type { AccessQuestion } from '../../kube/reviews.ts';
import type { ApprovalMode } from '../backend-signer.ts';

/** One permission that signing needs of our own account. */
export interface SigningPermission {
  readonly question: AccessQuestion;
  /** What it is for, in a few words. */
  readonly purpose: string;
  /** Whether signing also works without it, though worse. */
  readonly isOptional: boolean;
}

const group = 'certificates.k8s.io';
const requests = { group, resource: 'certificatesigningrequests' };

/** The permissions that getting certificates from `signers` through CertificateSigningRequests needs. */
export function csrPermissions(
  approval: ApprovalMode,
  signers: readonly string[],
): readonly SigningPermission[] {
  const needed = [
    ...['create', 'get', 'list', 'watch', 'delete'].map((verb) => needs(verb, requests, 'signing')),
    { ...needs('deletecollection', requests, 'removal in a storm'), isOptional: true },
  ];
  if (approval === 'external') return needed;
  return [
    ...needed,
    needs('update', { ...requests, subresource: 'approval' }, 'approval'),
    ...signers.map((name) => needs('approve', { group, resource: 'signers', name }, 'approval')),
  ];
}

function needs(
  verb: string,
  resource: Omit<AccessQuestion, 'verb'>,
  purpose: string,
): SigningPermission {
  return { question: { verb, ...resource }, purpose, isOptional: false };
}
