declare const trustDomainBrand: unique symbol;
declare const spiffeIdBrand: unique symbol;

/** A checked trust domain, comparable with `===`. */
export type TrustDomain = string & { readonly [trustDomainBrand]: true };

/** The identity of a workload as Istio writes it. Two are equal when their `uri`s are. */
export interface SpiffeId {
  readonly trustDomain: TrustDomain;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>` */
  readonly uri: string;
  readonly [spiffeIdBrand]: true;
}

export type SpiffeIdRejection =
  'too_long' | 'shape' | 'trust_domain' | 'namespace' | 'service_account';

/** Thrown when a text is not a trust domain or not a workload's SPIFFE id. */
export class SpiffeIdError extends Error {
  readonly reason: SpiffeIdRejection;

  constructor(reason: SpiffeIdRejection, message: string) {
    super(message);
    this.name = 'SpiffeIdError';
    this.reason = reason;
  }
}

/** SPIFFE-ID section 2.3: implementations must support this many bytes; we support no more. */
const maxUriLength = 2048;
/** SPIFFE-ID section 2.1 and RFC 1035 section 2.3.4. */
const maxDomainLength = 253;
const maxLabelLength = 63;

/**
 * A trust domain: dot-separated DNS labels in lower case. A final dot is let through, because
 * Istio's own validation lets it through; it makes another trust domain. Throws SpiffeIdError.
 */
export function parseTrustDomain(text: string): TrustDomain {
  const host = text.endsWith('.') ? text.slice(0, -1) : text;
  if (!isDnsSubdomain(host)) {
    throw new SpiffeIdError('trust_domain', 'the trust domain is not a lower-case host name');
  }
  return text as TrustDomain;
}

/** A trust domain from the mesh config, where istiod reads `@` as `.`. Throws SpiffeIdError. */
export function parseMeshTrustDomain(text: string): TrustDomain {
  return parseTrustDomain(text.replaceAll('@', '.'));
}

export interface WorkloadName {
  readonly trustDomain: TrustDomain;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The id of a workload. Throws SpiffeIdError when a name is not one that Kubernetes allows. */
export function workloadId({ trustDomain, namespace, serviceAccount }: WorkloadName): SpiffeId {
  if (!isDnsLabel(namespace)) {
    throw new SpiffeIdError('namespace', 'the namespace is not a DNS label');
  }
  if (!isDnsSubdomain(serviceAccount)) {
    throw new SpiffeIdError('service_account', 'the service account is not a DNS subdomain');
  }
  const uri = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  return Object.freeze({ trustDomain, namespace, serviceAccount, uri }) as SpiffeId;
}

/**
 * A SPIFFE id in exactly the form that Istio gives workloads. There is one spelling for each id: no
 * escapes, query, fragment, port, user, empty or further segment. Throws SpiffeIdError.
 */
export function parseSpiffeId(text: string): SpiffeId {
  if (text.length > maxUriLength) {
    throw new SpiffeIdError('too_long', `the SPIFFE id is longer than ${maxUriLength} bytes`);
  }
  const [scheme, empty, domain, ns, namespace, sa, serviceAccount, ...more] = text.split('/');
  const words = [scheme, empty, ns, sa].join(' ');
  if (words !== 'spiffe:  ns sa' || more.length > 0 || domain === undefined) throw notOurShape();
  if (namespace === undefined || serviceAccount === undefined) throw notOurShape();
  return workloadId({ trustDomain: parseTrustDomain(domain), namespace, serviceAccount });
}

function notOurShape(): SpiffeIdError {
  return new SpiffeIdError('shape', 'the SPIFFE id is not spiffe://<domain>/ns/<name>/sa/<name>');
}

/** RFC 1123 section 2.1, in lower case, as Kubernetes checks namespaces. */
function isDnsLabel(text: string): boolean {
  return text.length <= maxLabelLength && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text);
}

/** Dot-separated labels. Kubernetes bounds the whole, not each label; so do we. */
function isDnsSubdomain(text: string): boolean {
  return (
    text.length <= maxDomainLength &&
    text.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label))
  );
}
