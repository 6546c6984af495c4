import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { Credentials, CredentialsSource, TlsMaterial } from './credentials.ts';
import type { LoadedConfig } from './kubeconfig-files.ts';
import { expiryOf } from './token-expiry.ts';

/** Credentials out of a configuration: its files are read each time, its plugins when they must. */
export class KubeconfigCredentials implements CredentialsSource {
  readonly #load: () => LoadedConfig;
  #loaded: LoadedConfig;

  constructor(load: () => LoadedConfig, loaded: LoadedConfig) {
    this.#load = load;
    this.#loaded = loaded;
  }

  async read(afresh: boolean): Promise<Credentials> {
    const { config, cluster, tokenFile } = this.#reload(afresh);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
    const given = headersOf(options);
    const headers = token === undefined ? given : { ...given, authorization: `Bearer ${token}` };
    const expiresAt = expiryOf(headers['authorization']);
    return {
      headers,
      tls: tlsOf(options, cluster.skipTLSVerify),
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }

  /**
   * client-node remembers what a plugin gave until it expires, and only a new config forgets it: so
   * there is one only where the files' text has changed, or where the server has refused us.
   */
  #reload(afresh: boolean): LoadedConfig {
    const now = this.#load();
    if (!afresh && now.text === this.#loaded.text) return this.#loaded;
    const { server } = this.#loaded.cluster;
    // What proves us to one server is not for another, and everything else knows the first only.
    if (now.cluster.server !== server) {
      throw new Error(`the configuration no longer names ${server}: restart to use another server`);
    }
    this.#loaded = now;
    return now;
  }
}

async function readToken(file: string): Promise<string> {
  const token = (await readFile(file, 'utf8')).trim();
  if (token === '') throw new Error(`the token file ${file} is empty`);
  return token;
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const given = Object.entries((headers ?? {}) as Record<string, unknown>);
  const lowerCase = Object.fromEntries(
    given.flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value.trim()]] : [],
    ),
  ) as Record<string, string>;
  if (typeof auth !== 'string') return lowerCase;
  return { authorization: `Basic ${Buffer.from(auth).toString('base64')}`, ...lowerCase };
}

function tlsOf(options: RequestOptions, skipVerification: boolean | undefined): TlsMaterial {
  const { ca, cert, key, passphrase, servername } = options;
  return {
    ...(isPem(ca) && { ca: ca.toString() }),
    ...(isPem(cert) && { cert: cert.toString() }),
    ...(isPem(key) && { key: key.toString() }),
    ...(passphrase !== undefined && { passphrase }),
    ...(servername !== undefined && { servername }),
    ...(skipVerification === true && { rejectUnauthorized: false }),
  };
}

function isPem(value: unknown): value is Buffer | string {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
