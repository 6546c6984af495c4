import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';

/** An issuer of tokens with a key of its own. */
export class TokenSigner {
  readonly publicJwk: JWK;
  readonly #privateKey: CryptoKey;
  readonly #header: { readonly alg: string; readonly kid: string };

  private constructor(publicJwk: JWK, privateKey: CryptoKey, alg: string) {
    this.publicJwk = publicJwk;
    this.#privateKey = privateKey;
    this.#header = { alg, kid: publicJwk.kid ?? '' };
  }

  static async make(kid: string, alg = 'ES256'): Promise<TokenSigner> {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    return new TokenSigner({ ...(await exportJWK(publicKey)), kid }, privateKey, alg);
  }

  sign(claims: JWTPayload, header: { readonly kid?: string } = {}): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ ...this.#header, ...header })
      .sign(this.#privateKey);
  }
}

export function keySetText(...keys: readonly (TokenSigner | JWK)[]): string {
  return JSON.stringify({
    keys: keys.map((key) => (key instanceof TokenSigner ? key.publicJwk : key)),
  });
}

/** A token that nobody signed: good enough where only its claims are read. */
export function unsignedToken(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2ln`;
}
