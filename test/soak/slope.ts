export interface Point {
  readonly minute: number;
  readonly value: number;
}

export interface Slope {
  readonly perMinute: number;
  /** Of the slope; what rises by less than twice this may as well be chance. */
  readonly standardError: number;
}

/** The line of least squares through the points. Throws an Error where there are fewer than five. */
export function slopeOf(points: readonly Point[]): Slope {
  if (points.length < 5) throw new Error(`${points.length} samples are too few for a slope`);
  const count = points.length;
  const meanMinute = points.reduce((sum, { minute }) => sum + minute, 0) / count;
  const meanValue = points.reduce((sum, { value }) => sum + value, 0) / count;
  let [squares, products] = [0, 0];
  for (const { minute, value } of points) {
    squares += (minute - meanMinute) ** 2;
    products += (minute - meanMinute) * (value - meanValue);
  }
  const perMinute = products / squares;
  const residue = points.reduce(
    (sum, { minute, value }) => sum + (value - meanValue - perMinute * (minute - meanMinute)) ** 2,
    0,
  );
  return { perMinute, standardError: Math.sqrt(residue / (count - 2) / squares) };
}
