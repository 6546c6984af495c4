import { csrRules } from './csr-rules.ts';
import { plainRules } from './plain-rules.ts';
import { signingRequests, trustBundles } from './resource-registry.ts';
import type { ResourceDefinition } from './resource-registry.ts';
import type { ResourceRules } from './resource-rules.ts';
import { trustBundleRules } from './trust-bundle-rules.ts';

/** What the API server does to the objects of a resource, beyond what it does to all. */
export function rulesOfResource(definition: ResourceDefinition): ResourceRules {
  switch (definition) {
    case signingRequests:
      return csrRules;
    case trustBundles:
      return trustBundleRules;
    default:
      return plainRules(definition);
  }
}
