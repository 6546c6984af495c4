import { tokensOf } from './promql-selectors.ts';
import type { ScrapedSample } from './scraped-samples.ts';

type Labels = Readonly<Record<string, string>>;

/** One series of a result. */
export interface Point {
  readonly labels: Labels;
  readonly value: number;
}

/** Two scrapes of one process. */
export interface ScrapePair {
  readonly before: readonly ScrapedSample[];
  readonly after: readonly ScrapedSample[];
  /** Between the two. */
  readonly seconds: number;
}

type Value = number | readonly Point[];

/**
 * What an expression gives over two scrapes, as far as most of our alerts go: `sum by`, `rate`, `/`, `>`,
 * `unless`. Ranges are taken to hold both scrapes. Throws for everything else; Prometheus' own engine is
 * asked by `make e2e`.
 */
export function evaluateBetween(expression: string, scrapes: ScrapePair): readonly Point[] {
  const reader = new Reader(tokensOf(expression), scrapes);
  const value = reader.unless();
  reader.end();
  if (typeof value === 'number') throw new Error(`${expression} gives a number`);
  return value;
}

/** Evaluates while it reads; each method takes one kind of operator, the weakest first. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #scrapes: ScrapePair;
  #at = 0;

  constructor(tokens: readonly string[], scrapes: ScrapePair) {
    this.#tokens = tokens;
    this.#scrapes = scrapes;
  }

  unless(): Value {
    let left = this.#comparison();
    while (this.#take('unless')) {
      const gone = new Set(points(this.#comparison()).map(({ labels }) => keyOf(labels)));
      left = points(left).filter(({ labels }) => !gone.has(keyOf(labels)));
    }
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new Error(`cannot follow ${this.#next()}`);
  }

  #comparison(): Value {
    const left = this.#quotient();
    if (!this.#take('>')) return left;
    const least = this.#quotient();
    if (typeof least !== 'number') throw new Error('can only compare with a number');
    return points(left).filter(({ value }) => value > least);
  }

  #quotient(): Value {
    let left = this.#atom();
    while (this.#take('/')) {
      const divisors = new Map(points(this.#atom()).map((one) => [keyOf(one.labels), one.value]));
      left = points(left).flatMap(({ labels, value }) => {
        const divisor = divisors.get(keyOf(labels));
        return divisor === undefined ? [] : [{ labels, value: value / divisor }];
      });
    }
    return left;
  }

  #atom(): Value {
    if (this.#take('(')) return this.#closing(this.unless());
    if (this.#take('sum')) return this.#sum();
    if (this.#take('rate')) return this.#rate();
    const number = Number(this.#next());
    if (Number.isNaN(number)) throw new Error(`cannot follow ${this.#next()}`);
    this.#at += 1;
    return number;
  }

  #sum(): readonly Point[] {
    const by = this.#take('by') ? this.#list('(', ')') : [];
    this.#expect('(');
    const sums = new Map<string, Point>();
    for (const { labels, value } of points(this.#closing(this.unless()))) {
      const kept = Object.fromEntries(by.map((name) => [name, labels[name] ?? '']));
      const key = keyOf(kept);
      sums.set(key, { labels: kept, value: value + (sums.get(key)?.value ?? 0) });
    }
    return [...sums.values()];
  }

  /** As Prometheus does it, a series that is in one scrape only has no rate. */
  #rate(): readonly Point[] {
    this.#expect('(');
    const metric = this.#word();
    const matches = this.#take('{') ? this.#matchers() : () => true;
    this.#expect(')');
    const { before, after, seconds } = this.#scrapes;
    const selected = after.filter(({ name, labels }) => name === metric && matches(labels));
    return selected.flatMap(({ labels, value }) => {
      const earlier = before.find(
        (one) => one.name === metric && keyOf(one.labels) === keyOf(labels),
      );
      return earlier === undefined ? [] : [{ labels, value: (value - earlier.value) / seconds }];
    });
  }

  #matchers(): (labels: Labels) => boolean {
    const tests: ((labels: Labels) => boolean)[] = [];
    while (!this.#take('}')) {
      const [name, operator, text] = [this.#word(), this.#word(), this.#word().slice(1, -1)];
      const isPattern = operator.endsWith('~');
      const pattern = new RegExp(`^(?:${text})$`);
      const isWanted = !operator.startsWith('!');
      tests.push((labels) => {
        const value = labels[name] ?? '';
        return (isPattern ? pattern.test(value) : value === text) === isWanted;
      });
      this.#take(',');
    }
    return (labels) => tests.every((test) => test(labels));
  }

  #list(open: string, close: string): readonly string[] {
    const words: string[] = [];
    this.#expect(open);
    while (!this.#take(close)) {
      words.push(this.#word());
      this.#take(',');
    }
    return words;
  }

  #closing(value: Value): Value {
    this.#expect(')');
    return value;
  }

  #next(): string {
    return this.#tokens[this.#at] ?? 'the end';
  }

  #word(): string {
    const word = this.#next();
    this.#at += 1;
    return word;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new Error(`${token} was expected, not ${this.#next()}`);
  }
}

function points(value: Value): readonly Point[] {
  if (typeof value === 'number') throw new Error('a number stands where series must');
  return value;
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
