import { textAt } from './kube-object.ts';
import type { KubeObject } from './kube-object.ts';
import { badRequest } from './status-error.ts';

/** Which objects of a resource a list, watch or deletecollection is about. */
export type Selection = (object: KubeObject) => boolean;

interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent' | 'above' | 'below';
  readonly values: readonly string[];
}

const labelName = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?`;
const labelKey = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?${labelName}`;
const existence = new RegExp(String.raw`^(!?)\s*(${labelKey})$`);
const equality = new RegExp(String.raw`^(${labelKey})\s*(==|!=|=)\s*(|${labelName})$`);
const comparison = new RegExp(String.raw`^(${labelKey})\s*([<>])\s*(-?\d{1,15})$`);
const membership = new RegExp(String.raw`^(${labelKey})\s+(in|notin)\s*\(([^()]*)\)$`);

/** A label selector, equality- or set-based. Throws a StatusError (400) when it is malformed. */
export function parseLabelSelector(text: string): Selection {
  const requirements = splitOutsideParentheses(text).map((term) => parseTerm(term, text));
  return ({ metadata }) =>
    requirements.every((requirement) => holds(requirement, metadata.labels ?? {}));
}

function splitOutsideParentheses(text: string): readonly string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^(]*\))/).map((term) => term.trim());
}

function parseTerm(term: string, whole: string): Requirement {
  const requirement =
    parseExistence(term) ?? parseEquality(term) ?? parseMembership(term) ?? parseComparison(term);
  if (requirement !== undefined) return requirement;
  throw badRequest(
    `unable to parse requirement: found '${term}' in '${whole}', expected: in, notin, =, ==, !=`,
  );
}

function parseExistence(term: string): Requirement | undefined {
  const [, bang, key] = existence.exec(term) ?? [];
  if (key === undefined) return undefined;
  return { key, operator: bang === '!' ? 'absent' : 'exists', values: [] };
}

function parseEquality(term: string): Requirement | undefined {
  const [, key, sign, value] = equality.exec(term) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { key, operator: sign === '!=' ? 'notin' : 'in', values: [value] };
}

function parseMembership(term: string): Requirement | undefined {
  const [, key, operator, list] = membership.exec(term) ?? [];
  if (key === undefined || list === undefined) return undefined;
  const values = list.split(',').map((entry) => entry.trim());
  return { key, operator: operator === 'in' ? 'in' : 'notin', values };
}

function parseComparison(term: string): Requirement | undefined {
  const [, key, sign, value] = comparison.exec(term) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { key, operator: sign === '>' ? 'above' : 'below', values: [value] };
}

function holds(
  { key, operator, values }: Requirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      // An object without the label is selected too: so the API server reads `!=` and `notin`.
      return value === undefined || !values.includes(value);
    case 'above':
      return compare(value, values) > 0;
    case 'below':
      return compare(value, values) < 0;
  }
}

/** How a label's number stands to the one that is asked for; NaN where it is none. */
function compare(value: string | undefined, [wanted]: readonly string[]): number {
  if (value === undefined || !/^-?\d+$/.test(value)) return Number.NaN;
  return Number(value) - Number(wanted);
}

/**
 * A field selector over the fields that the resource offers, as dotted paths. Throws a StatusError
 * (400) for any other field.
 */
export function parseFieldSelector(text: string, offered: readonly string[]): Selection {
  const terms = text
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => {
      const [, path, sign, value] = /^\s*([^=!]+?)\s*(==|!=|=)(.*)$/.exec(term) ?? [];
      if (path === undefined || value === undefined) {
        throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      }
      if (!offered.includes(path)) throw badRequest(`field label not supported: ${path}`);
      return { path: path.split('.'), equal: sign !== '!=', value };
    });
  return (object) =>
    terms.every(({ path, equal, value }) => ((textAt(object, ...path) ?? '') === value) === equal);
}

export interface SelectionQuery {
  readonly namespace: string | undefined;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** Namespace, label selector and field selector as one. Throws a StatusError (400). */
export function parseSelection(query: SelectionQuery, offered: readonly string[]): Selection {
  const labels = parseLabelSelector(query.labelSelector);
  const fields = parseFieldSelector(query.fieldSelector, offered);
  return (object) =>
    (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
    labels(object) &&
    fields(object);
}
