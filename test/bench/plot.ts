/** One bar: what it stands for, its value, and whether it is ours. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly ours: boolean;
}

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

const width = 760;
const barHeight = 18;
const groupGap = 26;
const labelWidth = 250;
/** Room on all sides, so that no letter touches the edge. */
const margin = 12;

/** Horizontal bars in groups, as SVG that reads in light and dark. */
export function barChart(title: string, unit: string, groups: readonly BarGroup[]): string {
  const max = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  let y = 40;
  const parts: string[] = [];
  for (const { label, bars } of groups) {
    parts.push(`<text x="0" y="${y}" class="group">${escape(label)}</text>`);
    y += 8;
    for (const { label: name, value, ours } of bars) {
      const length = Math.max(1, ((width - labelWidth - 80) * value) / max);
      parts.push(
        `<text x="12" y="${y + 13}">${escape(name)}</text>`,
        `<rect x="${labelWidth}" y="${y + 2}" width="${length.toFixed(1)}" height="${barHeight - 5}" class="${ours ? 'ours' : 'other'}"/>`,
        `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 13}">${value.toFixed(value < 100 ? 1 : 0)}</text>`,
      );
      y += barHeight;
    }
    y += groupGap;
  }
  // Grey enough for a light and for a dark page, as not every viewer says which it has.
  const style = [
    'text{font:12px sans-serif;fill:#70777f}.title{font-size:15px}.group{font-weight:bold}',
    '.ours{fill:#3f7fc4}.other{fill:#9aa5b1}',
    '@media(prefers-color-scheme:dark){text{fill:#ccc}.ours{fill:#6aa6e8}.other{fill:#6b7684}}',
  ].join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-margin} ${-margin} ${width + 2 * margin} ${y - groupGap + 2 * margin}" role="img">`,
    `<title>${escape(title)} (${escape(unit)})</title><style>${style}</style>`,
    `<text x="0" y="16" class="title">${escape(title)} (${escape(unit)})</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
