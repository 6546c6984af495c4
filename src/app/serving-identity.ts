import { readFile } from 'node:fs/promises';
import type { RaConfig } from '../config/ra-config.ts';
import type { ServingIdentity } from '../server/credentials.ts';

async function read(path: string, setting: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot read the file that ${setting} names: ${problem}`, { cause });
  }
}

/** Reads the serving certificate and its key. Throws naming the setting. */
export async function readServingIdentity(tls: RaConfig['tls']): Promise<ServingIdentity> {
  return {
    certificateChainPem: await read(tls.certFile, '--tlsCertFile'),
    privateKeyPem: await read(tls.keyFile, '--tlsKeyFile'),
  };
}
