import type { Random } from '../runner/random.ts';

/** Changes a text. */
type TextStep = (text: string, random: Random) => string;

/** Marks of YAML and of the other texts, and characters that are trouble anywhere. */
const pieces = [
  ...[
    '&a ',
    '*a',
    '!!binary ',
    '!!set ',
    '!x ',
    '? ',
    '<<: *a',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '|\n',
    '>-\n',
  ],
  ...[
    '%YAML 1.1\n',
    '---\n',
    '...\n',
    '#',
    '"',
    "'",
    '\\',
    '\t',
    '\r',
    '\n',
    '\0',
    '\ufeff',
    '\u2028',
    '\ud800',
    'é',
  ],
  ...[
    '__proto__: {x: 1}\n',
    'constructor',
    'null',
    '~',
    'true',
    '1e999',
    '0x10',
    '.nan',
    '2001-01-01',
    '',
  ],
  ...[',', '/', ':', '.', '=', ' ', '@', '-', '--', '*', '%00', '\u202e', '\u{1F600}'],
] as const;

const splice = (text: string, at: number, remove: number, insert: string): string =>
  text.slice(0, at) + insert + text.slice(at + remove);

/** Any whole number of lines. */
function someLines(text: string, random: Random): { lines: string[]; at: number } {
  const lines = text.split('\n');
  return { lines, at: random.below(lines.length) };
}

const steps: readonly TextStep[] = [
  (text, random) => splice(text, random.below(text.length + 1), 0, random.pick(pieces)),
  (text, random) =>
    splice(text, random.below(text.length + 1), random.below(8), random.pick(pieces)),
  (text, random) => splice(text, random.below(text.length), 1 + random.below(6), ''),
  (text, random) => {
    const char = String.fromCharCode(random.below(random.once(4) ? 0x1_0000 : 128));
    return splice(text, random.below(text.length), 1, char);
  },
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => {
    const { lines, at } = someLines(text, random);
    lines.splice(at, 1);
    return lines.join('\n');
  },
  (text, random) => {
    const { lines, at } = someLines(text, random);
    lines.splice(random.below(lines.length), 0, lines[at] ?? '');
    return lines.join('\n');
  },
  (text, random) => {
    const { lines, at } = someLines(text, random);
    lines[at] = random.pick(['  ', ' ', '\t']) + (lines[at] ?? '');
    return lines.join('\n');
  },
  (text, random) => {
    const deep = random
      .pick(['[', '{a: ', '- ', '? ', '{', '[{a: '])
      .repeat(1 + random.below(random.once(20) ? 6_000 : 60));
    return splice(text, random.below(text.length + 1), 0, deep);
  },
  (text, random) =>
    splice(
      text,
      random.below(text.length + 1),
      0,
      random.pick(pieces).repeat(random.below(random.once(20) ? 3_000 : 30)),
    ),
  (text, random) => {
    const from = random.below(text.length);
    return splice(
      text,
      random.below(text.length + 1),
      0,
      text.slice(from, from + random.below(200)),
    );
  },
];

/** One to five changes; in a few cases the text as it is, or any text. */
export function mutated(text: string, random: Random): string {
  if (random.once(30)) return text;
  if (random.once(30))
    return random.bytes(random.below(200)).toString(random.pick(['utf8', 'latin1', 'utf16le']));
  let changed = text;
  for (let left = 1 + random.below(5); left > 0; left -= 1) {
    changed = random.pick(steps)?.(changed, random) ?? changed;
  }
  return changed;
}
