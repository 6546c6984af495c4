import { CallerPods } from '../../../src/authz/caller-pods.ts';
import type { GrantedIdentity } from '../../../src/authz/granted-identity.ts';
import { parseSignerPolicy } from '../../../src/authz/policy-file.ts';
import type { AssignmentInputs } from '../../../src/authz/assignment-inputs.ts';
import { PodIndex } from '../../../src/kube/pod-index.ts';
import type { PodLookup } from '../../../src/kube/pod-directory.ts';
import { loadMeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import type { MeshSnapshot } from '../../../src/mesh/mesh-snapshot.ts';
import { buildCertificateRequest } from '../../../src/pki/certificate-request-builder.ts';
import { ChainVerifier } from '../../../src/pki/chain.ts';
import { generateKeyPair } from '../../../src/pki/key-pair.ts';
import type { KeyPair } from '../../../src/pki/key-pair.ts';
import { Decision } from '../../../src/ra/decision.ts';
import type { IssuedChain } from '../../../src/ra/issued-chain.ts';
import { KeyHolders } from '../../../src/ra/key-holders.ts';
import { RegistrationAuthority } from '../../../src/ra/registration-authority.ts';
import type { Signer, SigningOrder } from '../../../src/ra/signer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aGrantedIdentity, someInputs, signerDomain } from '../../support/orders.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { TestAuthority } from '../../support/test-authority.ts';

export const clock = new FakeClock();
let identity: GrantedIdentity;
export let keyPair: KeyPair;
let csrPem: string;
export let foo: TestAuthority;
export let bar: TestAuthority;

/** Makes the keys and authorities that every test here uses. */
export async function prepare(): Promise<void> {
  identity = await aGrantedIdentity();
  keyPair = await generateKeyPair('ecdsa-p256');
  csrPem = await buildCertificateRequest({ keyPair, subject: 'empty', uris: [identity.id.uri] });
  foo = await TestAuthority.make('foo', clock.now());
  bar = await TestAuthority.make('bar', clock.now());
}

export function meshText(signers: Readonly<Record<string, TestAuthority>>, more = ''): string {
  const entries = Object.entries(signers).map(
    ([name, { certificatePem }]) =>
      `- { pem: ${JSON.stringify(certificatePem)}, certSigners: [${signerDomain}/${name}] }`,
  );
  return `${more}\ncaCertificates:\n${entries.join('\n')}`;
}

/** Signs with an authority what the order asks for; `before` runs while the signer works. */
export function signerOf(
  authority: () => TestAuthority,
  before: () => void = () => undefined,
): Signer {
  return {
    sign: async ({ admitted, ttlSeconds }: SigningOrder) => {
      before();
      const certificatePem = await authority().sign({
        subject: { subjectDer: admitted.request.subjectDer },
        spkiDer: admitted.request.publicKey.spkiDer,
        notBefore: clock.now(),
        notAfter: clock.now() + ttlSeconds * 1000,
        isCa: false,
        keyUsages: ['digitalSignature', 'keyEncipherment'],
        extendedKeyUsages: ['serverAuth', 'clientAuth'],
        uris: [admitted.identity.id.uri],
        dnsNames: [],
      });
      return { certificatePem };
    },
  };
}

/** Nobody here has a pod that anybody would ask for. */
const noPods: PodLookup = {
  read: () => Promise.resolve(undefined),
  listOnNode: () => Promise.resolve([]),
};

export class Bench {
  mesh: MeshSnapshot;
  /** What of the world is other than a policy without rules. */
  world: Partial<AssignmentInputs> = {};
  signed = 0;
  readonly decision = new Decision('r1', clock);
  readonly #authority: RegistrationAuthority;

  constructor(mesh: MeshSnapshot, signer: Signer = signerOf(() => foo)) {
    this.mesh = mesh;
    this.#authority = new RegistrationAuthority({
      inputSource: { current: () => someInputs(this.mesh, this.world) },
      callerPods: new CallerPods({ podsOf: () => ({ pods: new PodIndex(), lookup: noPods }) }),
      lifetime: { defaultTtlSeconds: 86_400, maxTtlSeconds: 7_776_000 },
      signer: {
        sign: (order, signal) => {
          this.signed += 1;
          return signer.sign(order, signal);
        },
      },
      keyHolders: new KeyHolders({ denyReuse: false, log: new RecordingLogger() }),
      verifier: new ChainVerifier(),
      clock,
    });
  }

  issue(change: { certSigner?: string; csrPem?: string; ttl?: bigint } = {}): Promise<IssuedChain> {
    return this.#authority.issue(
      {
        identity,
        csrPem: change.csrPem ?? csrPem,
        certSigner: change.certSigner ?? 'foo',
        requestedTtlSeconds: change.ttl ?? 3600n,
        decision: this.decision,
      },
      new AbortController().signal,
    );
  }
}

export const fooByDefault = 'defaultConfig: { proxyMetadata: { ISTIO_META_CERT_SIGNER: foo } }';

/** A mesh whose default signer, which everybody here is assigned, is foo. */
export function twoTenants(more = '', generation = 1): MeshSnapshot {
  return loadMeshSnapshot(meshText({ foo, bar }, `${fooByDefault}\n${more}`), generation);
}

export function policyOf(rules: string, more = ''): AssignmentInputs['policy'] {
  return parseSignerPolicy(`rules:\n${rules}\n${more}`.replace('rules:\n[]', 'rules: []'), {
    signerDomain,
  });
}
