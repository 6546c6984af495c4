/**
 * Ways in which an RSA modulus can be bad although its size is right. None proves a modulus good;
 * each finds keys that were made by known-broken generators, for microseconds of work.
 */
export type ModulusWeakness = 'even' | 'small_factor' | 'close_factors' | 'roca';

/** The weakness of a modulus given big-endian, or undefined when none of these is found. */
export function modulusWeakness(modulus: Uint8Array): ModulusWeakness | undefined {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex')}`);
  if ((n & 1n) === 0n) return 'even';
  const residues = smallPrimeGroups.flatMap((group) => residuesOf(n, group));
  if (residues.some(({ residue }) => residue === 0)) return 'small_factor';
  if (hasRocaFingerprint(residues)) return 'roca';
  return hasCloseFactors(n) ? 'close_factors' : undefined;
}

interface Residue {
  readonly prime: number;
  readonly residue: number;
}

interface PrimeGroup {
  readonly primes: readonly number[];
  readonly product: number;
}

/**
 * The odd primes below 752, as certificate authorities test them since Debian's weak keys; in groups
 * whose product is a safe number, so that one long division serves several primes.
 */
const smallPrimeGroups: readonly PrimeGroup[] = groupPrimes(3, 752);

function groupPrimes(min: number, limit: number): PrimeGroup[] {
  const groups: PrimeGroup[] = [];
  for (let prime = min; prime < limit; prime += 2) {
    if (!isPrime(prime)) continue;
    const last = groups.at(-1);
    if (last !== undefined && last.product * prime <= Number.MAX_SAFE_INTEGER) {
      groups[groups.length - 1] = {
        primes: [...last.primes, prime],
        product: last.product * prime,
      };
    } else {
      groups.push({ primes: [prime], product: prime });
    }
  }
  return groups;
}

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) {
    if (odd % divisor === 0) return false;
  }
  return true;
}

function residuesOf(n: bigint, { primes, product }: PrimeGroup): Residue[] {
  const rest = Number(n % BigInt(product));
  return primes.map((prime) => ({ prime, residue: rest % prime }));
}

/**
 * CVE-2017-15361: the broken generator's primes, and so its moduli, are powers of 65537 modulo each
 * small prime. Of honest moduli about one in 2^28 looks like that for all primes to 167 (Nemec et
 * al., "The Return of Coppersmith's Attack", section 3.3).
 */
function hasRocaFingerprint(residues: readonly Residue[]): boolean {
  return residues.every(({ prime, residue }) => prime > 167 || isPowerOf65537(residue, prime));
}

function isPowerOf65537(value: number, prime: number): boolean {
  const generator = 65537 % prime;
  let power = 1;
  do {
    if (power === value) return true;
    power = (power * generator) % prime;
  } while (power !== 1);
  return false;
}

/** As many as Mozilla's and the Baseline Requirements' linters take (BR section 6.1.6.3: 100). */
const fermatRounds = 110;

/**
 * Fermat's method: when n = (a-b)(a+b) with a small b, some a just above the root of n makes a^2-n a
 * square (CVE-2022-26320).
 */
function hasCloseFactors(n: bigint): boolean {
  let a = squareRoot(n);
  if (a * a === n) return true;
  a += 1n;
  let difference = a * a - n;
  for (let round = 0; round < fermatRounds; round += 1) {
    if (mayBeSquare(difference) && squareRoot(difference) ** 2n === difference) return true;
    difference += 2n * a + 1n;
    a += 1n;
  }
  return false;
}

/** Squares leave few remainders; hardly a number that is none gets past all of these. */
const squareSieves = [64, 63, 65, 11, 17];

function mayBeSquare(n: bigint): boolean {
  return squareSieves.every((modulus) => isSquareModulo(Number(n % BigInt(modulus)), modulus));
}

function isSquareModulo(value: number, modulus: number): boolean {
  for (let root = 0; root <= modulus / 2; root += 1) {
    if ((root * root) % modulus === value) return true;
  }
  return false;
}

/** The whole part of the root, by Newton's method from above. */
function squareRoot(n: bigint): bigint {
  let root = 1n << BigInt((n.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
