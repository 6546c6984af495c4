import { X509Certificate } from 'node:crypto';
import { invalid, tooLong } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { isJsonObject, isSameJson, objectAt, textAt, without } from './kube-object.ts';
import type { JsonObject, KubeObject } from './kube-object.ts';
import type { UnstoredObject } from './object-store.ts';
import type { FurtherRight, ResourceRules } from './resource-rules.ts';
import { signerNameErrors, subdomainProblems } from './signer-name-rules.ts';
import { badRequest } from './status-error.ts';

const maxBundleBytes = 1 << 20;

/** What the API server does to ClusterTrustBundles (certificates.k8s.io/v1, from Kubernetes 1.37 on). */
export const trustBundleRules: ResourceRules = {
  decode: (body) => {
    const spec = body['spec'];
    if (spec !== undefined && spec !== null && !isJsonObject(spec)) throw wrongType('spec');
    for (const field of ['signerName', 'trustBundle']) {
      const value = objectAt(body, 'spec')[field];
      if (value !== undefined && value !== null && typeof value !== 'string') {
        throw wrongType(`spec.${field}`);
      }
    }
  },

  prepareForCreate: (object) => {
    const kept = keptParts(object);
    return { object: kept, errors: [...errorsOf(kept), ...bundleErrors(bundleOf(kept))] };
  },

  prepareForUpdate: ({ old, wanted }) => {
    const kept = keptParts(wanted);
    const isSameBundle = bundleOf(kept) === bundleOf(old);
    const errors = [
      ...errorsOf(kept),
      ...(isSameBundle ? [] : bundleErrors(bundleOf(kept))),
      ...signerChangeErrors(kept, old),
    ];
    return { object: kept, errors };
  },

  furtherRights: (old, object): FurtherRight | undefined => {
    const signerName = signerOf(object);
    if (signerName === '') return undefined;
    if (old !== undefined && isSameButForCollection(old, object)) return undefined;
    const [domain = ''] = signerName.split('/');
    return {
      verb: 'attest',
      group: 'certificates.k8s.io',
      resource: 'signers',
      names: [signerName, `${domain}/*`],
      refusal: `user not permitted to attest for signerName "${signerName}"`,
    };
  },
};

/** The name rule of the type: it begins with the signer's name, where there is one. */
export function trustBundleNameProblems(name: string, signerName: string): readonly string[] {
  if (signerName === '') {
    return name.includes(':')
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : subdomainProblems(name);
  }
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  return name.startsWith(prefix)
    ? subdomainProblems(name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}

/** Only the fields that the type has. */
function keptParts({ apiVersion, kind, metadata, ...rest }: UnstoredObject): UnstoredObject {
  const signerName = signerOf(rest);
  const spec = {
    ...(signerName === '' ? {} : { signerName }),
    trustBundle: bundleOf(rest),
  };
  return { apiVersion, kind, metadata, spec };
}

function signerOf(object: JsonObject): string {
  return textAt(object, 'spec', 'signerName') ?? '';
}

function bundleOf(object: JsonObject): string {
  return textAt(object, 'spec', 'trustBundle') ?? '';
}

function errorsOf(object: UnstoredObject): readonly FieldError[] {
  const { name } = object.metadata;
  const signerName = signerOf(object);
  const problems = name === '' ? [] : trustBundleNameProblems(name, signerName);
  return [
    ...problems.map((problem) => invalid('metadata.name', name, problem)),
    ...(signerName === '' ? [] : signerNameErrors('spec.signerName', signerName)),
  ];
}

function signerChangeErrors(object: JsonObject, old: KubeObject): readonly FieldError[] {
  const signerName = signerOf(object);
  if (signerName === signerOf(old)) return [];
  return [invalid('spec.signerName', signerName, 'field is immutable')];
}

const block = /-----BEGIN ([^\n]*?)-----\r?\n(.*?)-----END \1-----/gs;

/** Its value is never repeated: a bundle is long. */
function bundleErrors(bundle: string): readonly FieldError[] {
  const field = 'spec.trustBundle';
  if (Buffer.byteLength(bundle) > maxBundleBytes) return [tooLong(field, maxBundleBytes)];
  const blocks = [...bundle.matchAll(block)].map(([, type = '', body = '']) => ({ type, body }));
  const broken = blocks.flatMap(({ type, body }, at) => {
    const problem = problemOf(type, body);
    return problem === undefined ? [] : [`entry ${at} ${problem}`];
  });
  const problems = broken.length > 0 ? broken : problemsOfAll(blocks.map(({ body }) => body));
  return problems.map((problem) => invalid(field, '<value omitted>', problem));
}

function problemOf(type: string, body: string): string | undefined {
  if (type !== 'CERTIFICATE') return `has bad block type: ${type}`;
  if (body.includes(':')) return 'has PEM block headers';
  try {
    const { ca } = new X509Certificate(Buffer.from(body, 'base64'));
    return ca ? undefined : 'does not have the CA bit set';
  } catch {
    return 'does not parse as X.509';
  }
}

function problemsOfAll(bodies: readonly string[]): readonly string[] {
  if (bodies.length === 0) return ['at least one trust anchor must be provided'];
  const places = new Map<string, number[]>();
  for (const [at, body] of bodies.entries()) {
    const key = Buffer.from(body, 'base64').toString('base64');
    places.set(key, [...(places.get(key) ?? []), at]);
  }
  return [...places.values()]
    .filter((indices) => indices.length > 1)
    .map((indices) => `duplicate trust anchor (indices [${indices.join(' ')}])`);
}

/** Whether nothing but what the garbage collector writes is different. */
function isSameButForCollection(old: KubeObject, object: UnstoredObject): boolean {
  const parts = ['ownerReferences', 'finalizers', 'managedFields', 'resourceVersion'];
  const compared = (one: KubeObject | UnstoredObject): JsonObject => ({
    ...one,
    metadata: without(one.metadata, ...parts),
  });
  return isSameJson(compared(old), compared(object));
}

function wrongType(field: string): Error {
  return badRequest(`json: cannot unmarshal into Go struct field ClusterTrustBundle.${field}`);
}
