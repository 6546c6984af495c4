import { signerDomain } from '../../src/cli/sandbox-fixtures.ts';

/** The tenant beside the trouble: nothing is done to its signer. */
export const goodTenant = 'good';
/** Tenants whose signers are made to fail. */
export const troubledTenants = ['foo', 'bar', 'baz'] as const;
export const allTenants = [goodTenant, ...troubledTenants] as const;
/** Workloads of each tenant. */
export const workloadsPerTenant = 6;
/** A node agent asks for this one. */
export const impersonated = 'spiffe://cluster.local/ns/bar/sa/bar-0';

export function signerOf(tenant: string): string {
  return `${signerDomain}/${tenant}`;
}
