import { RaError } from '../base/ra-error.ts';
import type { MeshSnapshot } from '../mesh/mesh-snapshot.ts';
import type { GrantedIdentity } from './granted-identity.ts';
import { signerUnder, SignerNameError } from '../mesh/signer-name.ts';
import type { SignerName } from '../mesh/signer-name.ts';

/** Which part of the configuration gave the caller its signer. */
export type AssignmentSource = 'request' | 'K8S_SIGNER' | 'meshConfig.defaultConfig';

export interface SignerSettings {
  /** CERT_SIGNER_DOMAIN: what short signer names stand under. */
  readonly signerDomain: string | undefined;
  /** K8S_SIGNER: the full name of the signer for requests that name none. */
  readonly defaultSigner: SignerName | undefined;
}

/** Proof that `identity` may have certificates of `signerName`. Only `grant` makes one. */
export class GrantedSigner {
  declare protected readonly proof: true;
  readonly signerName: SignerName;
  readonly source: AssignmentSource;
  readonly identity: GrantedIdentity;

  private constructor(name: SignerName, source: AssignmentSource, identity: GrantedIdentity) {
    this.signerName = name;
    this.source = source;
    this.identity = identity;
  }

  /**
   * The signer for a caller that wishes for `certSigner` ("" or undefined: no wish). A wish must be
   * a signer that the mesh knows; unknown and not allowed read alike.
   *
   * Throws SIGNER_REFUSED, and SIGNER_NOT_ASSIGNED when there is neither wish nor default.
   */
  static grant(
    request: { readonly identity: GrantedIdentity; readonly certSigner: string | undefined },
    settings: SignerSettings,
    mesh: MeshSnapshot,
  ): GrantedSigner {
    const { identity, certSigner } = request;
    const fallback = defaultSigner(settings, mesh);
    if (certSigner === undefined || certSigner === '') {
      if (fallback !== undefined)
        return new GrantedSigner(fallback.name, fallback.source, identity);
      throw new RaError('SIGNER_NOT_ASSIGNED', 'no signer was asked for and there is no default', {
        reason: 'no_default_signer',
      });
    }
    const wish = wishedSigner(settings, certSigner);
    if (wish === fallback?.name || mesh.trust.rootsFor(wish).length > 0) {
      return new GrantedSigner(wish, 'request', identity);
    }
    throw refused('signer_unknown');
  }
}

function wishedSigner({ signerDomain }: SignerSettings, certSigner: string): SignerName {
  if (signerDomain === undefined) throw refused('signer_domain_unset');
  try {
    return signerUnder(signerDomain, certSigner);
  } catch (error) {
    if (error instanceof SignerNameError) throw refused('signer_name_malformed');
    throw error;
  }
}

function refused(reason: string): RaError {
  return new RaError('SIGNER_REFUSED', 'the caller may not use the signer it asked for', {
    reason,
  });
}

function defaultSigner(
  settings: SignerSettings,
  mesh: MeshSnapshot,
): { readonly name: SignerName; readonly source: AssignmentSource } | undefined {
  if (settings.defaultSigner !== undefined) {
    return { name: settings.defaultSigner, source: 'K8S_SIGNER' };
  }
  const { defaultCertSigner } = mesh.config;
  if (settings.signerDomain === undefined || defaultCertSigner === undefined) return undefined;
  try {
    const name = signerUnder(settings.signerDomain, defaultCertSigner);
    return { name, source: 'meshConfig.defaultConfig' };
  } catch (error) {
    if (error instanceof SignerNameError) return undefined;
    throw error;
  }
}
