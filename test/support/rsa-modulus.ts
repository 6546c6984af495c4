import * as der from './der-writer.ts';

/** An RSA SubjectPublicKeyInfo of any modulus and exponent. */
export function rsaSpki(modulus: bigint, exponent: bigint | number = 65537): Buffer {
  const key = der.sequence(der.integer(modulus), der.integer(exponent));
  return der.sequence(
    der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nullValue()),
    der.bitString(key),
  );
}

const primes = Array.from({ length: 750 }, (_, index) => index + 2).filter((n) =>
  Array.from({ length: n - 2 }, (_, index) => index + 2).every((divisor) => n % divisor !== 0),
);

function hasSmallFactor(n: bigint): boolean {
  return primes.some((prime) => n % BigInt(prime) === 0n);
}

/** The next number from `n` on, in steps, that no prime below 752 divides. */
function roughFrom(n: bigint, step = 1n): bigint {
  let candidate = n;
  while (hasSmallFactor(candidate)) candidate += step;
  return candidate;
}

/** A modulus of `bits` bits that passes for sound: two far factors, neither with a small one. */
export function soundModulus(bits: number): bigint {
  const half = BigInt(bits) / 2n;
  const first = roughFrom((3n << (half - 2n)) + 12345n);
  const least = (1n << (BigInt(bits) - 1n)) / first;
  return first * roughFrom(least + (least >> 4n));
}

/** As made by a generator that takes the next prime for its second one (CVE-2022-26320). */
export function closeModulus(bits: number): bigint {
  const first = roughFrom((3n << BigInt(bits / 2 - 2)) + 98765n);
  return first * roughFrom(first + 2n);
}

/** As made by the generator of CVE-2017-15361: factors k*M + (65537^a mod M). */
export function rocaModulus(bits: number): bigint {
  const primorial = primes.filter((prime) => prime <= 701).reduce((m, p) => m * BigInt(p), 1n);
  const factor = (power: number, top: bigint): bigint => {
    let residue = 1n;
    for (let index = 0; index < power; index += 1) residue = (residue * 65537n) % primorial;
    const least = top / primorial;
    return roughFrom(least * primorial + residue, primorial);
  };
  const top = 3n << BigInt(bits / 2 - 2);
  return factor(1234, top) * factor(777, top + (top >> 3n));
}

/** Of the right size and odd, but a multiple of `prime`. */
export function modulusWithFactor(bits: number, prime: number): bigint {
  const quotient = roughFrom((1n << BigInt(bits - 1)) / BigInt(prime) + (1n << BigInt(bits - 12)));
  return quotient * BigInt(prime);
}

/** An RSAPublicKey that passes for sound. */
export function soundRsaKey(): Buffer {
  return der.sequence(der.integer(soundModulus(2048)), der.integer(65537));
}
