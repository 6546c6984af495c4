import { createHash } from 'node:crypto';
import { asBuffer } from '../../../src/pki/der-values.ts';
import { keyUsageNames } from '../../../src/pki/key-usage.ts';
import type { Certificate } from '../../../src/pki/certificate.ts';
import type { GoReading } from '../runner/go-oracle.ts';

/** Tags of the GeneralNames that are text. */
const textTags = { email: 1, dns: 2, uri: 6 } as const;

/**
 * What Go sees otherwise than we do in a certificate that both read; empty where it sees the same. A
 * certificate that Go refuses is of no use to a Go peer, and harms none.
 */
export function differencesFromGo(certificate: Certificate, go: GoReading): readonly string[] {
  if (!go.ok) return [];
  const claims = {
    key: go.spkiSha256 === createHash('sha256').update(certificate.spkiDer).digest('hex'),
    subject: go.subjectDer === asBuffer(certificate.subjectDer).toString('hex'),
    names: sameNames(certificate, go),
    'being an authority': go.isCa === certificate.isCa,
    usages: go.keyUsage === usageBits(certificate),
    notBefore: go.notBefore * 1000 === certificate.notBefore,
    notAfter: go.notAfter * 1000 === certificate.notAfter,
  };
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [] : [claim]));
}

function sameNames({ subjectAltNames }: Certificate, go: GoReading): boolean {
  const names = go.rawNames ?? [];
  if (names.length !== subjectAltNames.length) return false;
  return subjectAltNames.every(({ kind, value }, at) => {
    const name = names[at];
    if (kind === 'ip') return name?.tag === 7;
    if (kind === 'other') return name !== undefined && value.endsWith(name.content);
    return name?.tag === textTags[kind] && name.content === Buffer.from(value).toString('hex');
  });
}

function usageBits({ keyUsages }: Certificate): number {
  return keyUsageNames.reduce(
    (bits, name, at) => bits | (keyUsages?.has(name) === true ? 1 << at : 0),
    0,
  );
}
