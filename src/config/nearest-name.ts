/** More mistakes than that are no slip of the fingers. */
const maxEdits = 4;
const maxNameLength = 64;

/** The known name that somebody may have meant, whatever the case; undefined where none is near. */
export function nearestName(
  name: string,
  known: readonly string[],
  within = maxEdits,
): string | undefined {
  if (name.length > maxNameLength) return undefined;
  const allowed = Math.min(within, Math.ceil(name.length / 3));
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = editsBetween(name.toLowerCase(), candidate.toLowerCase());
    if (edits <= allowed && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** How many letters to add, drop or change (Levenshtein). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [i, letter] of one.split('').entries()) {
    const next = [i + 1];
    for (const [j, wanted] of other.split('').entries()) {
      const change = (row[j] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
