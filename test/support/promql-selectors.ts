/** A metric as an expression names it, with the labels that it is selected by. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

export interface ExpressionNames {
  readonly selectors: readonly Selector[];
  /** Labels that results are grouped or matched by. */
  readonly grouping: readonly string[];
}

const token =
  /\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|\d+(?:\.\d+)?(?:[smhdwy])?|[=!]~|[=!<>]=|[-+*/%^(){},=<>@]/y;
const identifier = /^[a-zA-Z_:]/;
const groupers = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const operators = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/** Reads which metrics and labels a PromQL expression names. Throws where it cannot follow. */
export function namesIn(expression: string): ExpressionNames {
  const tokens = tokensOf(expression);
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at] ?? '';
    if (!identifier.test(word) || operators.has(word)) continue;
    if (groupers.has(word)) {
      const end = tokens.indexOf(')', at);
      grouping.push(...tokens.slice(at, end).filter((t) => identifier.test(t) && t !== word));
      at = end;
    } else if (tokens[at + 1] === '{') {
      const end = tokens.indexOf('}', at);
      selectors.push({ metric: word, labels: labelsOf(tokens.slice(at + 2, end)) });
      at = end;
    } else if (tokens[at + 1] !== '(' && !groupers.has(tokens[at + 1] ?? '')) {
      selectors.push({ metric: word, labels: [] });
    }
  }
  return { selectors, grouping };
}

function labelsOf(matchers: readonly string[]): readonly string[] {
  return matchers.filter((text) => identifier.test(text));
}

/** The words of a PromQL expression, without ranges and white space. Throws where it cannot follow. */
export function tokensOf(expression: string): readonly string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.length) {
    const start = token.lastIndex;
    const found = token.exec(expression)?.[0];
    if (found === undefined) throw new Error(`cannot read ${expression.slice(start)}`);
    if (found.trim() !== '' && !found.startsWith('[')) tokens.push(found);
  }
  return tokens;
}
