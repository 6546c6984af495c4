import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObtainedCertificate } from './certificate-round.ts';

/** Names as istio-agent gives them to proxies (OUTPUT_CERTS). */
export const certificateFiles = ['key.pem', 'cert-chain.pem', 'root-cert.pem'] as const;

const modes = { 'key.pem': 0o600, 'cert-chain.pem': 0o644, 'root-cert.pem': 0o644 } as const;

/**
 * Leaves key, chain and roots in a folder, which is made where it is missing. A reader finds each file
 * whole, old or new: all three are written under other names first and then take their places one right
 * after the other.
 */
export async function writeCertificate(
  folder: string,
  { privateKeyPem, chain }: Pick<ObtainedCertificate, 'privateKeyPem' | 'chain'>,
): Promise<void> {
  const texts = {
    'key.pem': privateKeyPem,
    // As istio-agent has them: the chain holds every element, the roots are the last one.
    'cert-chain.pem': chain.join(''),
    'root-cert.pem': chain.at(-1) ?? '',
  };
  await mkdir(folder, { recursive: true });
  const suffix = `.${process.pid}.new`;
  try {
    for (const name of certificateFiles) {
      const path = join(folder, `${name}${suffix}`);
      await writeFile(path, texts[name], { mode: modes[name], flush: true });
      // A file that was left behind keeps the mode that it had.
      await chmod(path, modes[name]);
    }
    for (const name of certificateFiles) {
      await rename(join(folder, `${name}${suffix}`), join(folder, name));
    }
  } catch (error) {
    for (const name of certificateFiles) {
      await rm(join(folder, `${name}${suffix}`), { force: true });
    }
    throw error;
  }
}
