import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run-command.ts';

/** A certificate and its key, as files. */
export interface KeyPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface LeafOptions {
  readonly name: string;
  /** In openssl's notation, for example `/O=system:masters/CN=admin`. */
  readonly subject: string;
  /** In openssl's notation, for example `IP:127.0.0.1,DNS:localhost`. */
  readonly subjectAltName?: string;
}

const days = '30';
const newEllipticKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority for the control plane's own connections, made by openssl in a folder. */
export class FolderAuthority {
  readonly folder: string;
  readonly root: KeyPairFiles;

  private constructor(folder: string, root: KeyPairFiles) {
    this.folder = folder;
    this.root = root;
  }

  /** Makes the authority's own key and certificate. */
  static async create(folder: string): Promise<FolderAuthority> {
    const root = pairIn(folder, 'ca');
    await mustRun('openssl', [
      'req',
      '-x509',
      ...newEllipticKey,
      '-days',
      days,
      '-subj',
      '/CN=istio-ra-e2e',
      '-keyout',
      root.keyFile,
      '-out',
      root.certFile,
    ]);
    return new FolderAuthority(folder, root);
  }

  /** Issues a certificate for a server or a client; the kind is not restricted. */
  async issue({ name, subject, subjectAltName }: LeafOptions): Promise<KeyPairFiles> {
    const pair = pairIn(this.folder, name);
    const request = join(this.folder, `${name}.csr`);
    const extensions = join(this.folder, `${name}.ext`);
    const names = subjectAltName === undefined ? [] : [`subjectAltName=${subjectAltName}`];
    writeFileSync(extensions, ['extendedKeyUsage=serverAuth,clientAuth', ...names, ''].join('\n'));
    await mustRun('openssl', [
      'req',
      '-new',
      ...newEllipticKey,
      '-subj',
      subject,
      '-keyout',
      pair.keyFile,
      '-out',
      request,
    ]);
    await mustRun('openssl', [
      'x509',
      '-req',
      '-in',
      request,
      '-days',
      days,
      '-extfile',
      extensions,
      '-CA',
      this.root.certFile,
      '-CAkey',
      this.root.keyFile,
      '-CAcreateserial',
      '-CAserial',
      join(this.folder, `${name}.srl`),
      '-out',
      pair.certFile,
    ]);
    return pair;
  }
}

/** The key that service account tokens are signed with: RSA, as in most clusters. */
export async function createTokenKey(
  folder: string,
): Promise<{ readonly privateFile: string; readonly publicFile: string }> {
  const privateFile = join(folder, 'service-accounts.key');
  const publicFile = join(folder, 'service-accounts.pub');
  await mustRun('openssl', ['genrsa', '-out', privateFile, '2048']);
  await mustRun('openssl', ['rsa', '-in', privateFile, '-pubout', '-out', publicFile]);
  return { privateFile, publicFile };
}

function pairIn(folder: string, name: string): KeyPairFiles {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}
