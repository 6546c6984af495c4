import { MeshConfigError } from './mesh-config-error.ts';
import { asList, asMapping, asText } from './mesh-values.ts';
import type { Mapping } from './mesh-values.ts';
import type { Labels } from './proxy-config.ts';

/** One thing that a selector asks of the labels of a namespace. */
export type LabelRequirement =
  | { readonly key: string; readonly operator: 'In' | 'NotIn'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'Exists' | 'DoesNotExist' };

/** All of these must hold; of none, all do. */
type LabelSelector = readonly LabelRequirement[];

/** More than anybody writes; a bound on what each namespace is held against. */
const maxSelectors = 100;
const maxRequirements = 100;

const namePart = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const domainLabel = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const key = new RegExp(`^(?:(?=[^/]{1,253}/)${domainLabel}(?:\\.${domainLabel})*/)?${namePart}$`);
const value = new RegExp(`^(?:${namePart})?$`);

/**
 * Which namespaces belong to the mesh: `meshConfig.discoverySelectors`. One selector that matches is
 * enough, and without any all do.
 */
export class DiscoverySelectors {
  readonly selectors: readonly LabelSelector[];

  private constructor(selectors: readonly LabelSelector[]) {
    this.selectors = selectors;
  }

  /** Whether a namespace with these labels belongs to the mesh. */
  matches(labels: Labels): boolean {
    if (this.selectors.length === 0) return true;
    return this.selectors.some((selector) => selector.every((asked) => holds(asked, labels)));
  }

  /** Throws MeshConfigError for what Kubernetes would not take as a label selector. */
  static parse(list: unknown): DiscoverySelectors {
    const path = 'discoverySelectors';
    const items = asList(list, path);
    if (items.length > maxSelectors) {
      throw new MeshConfigError(path, `must hold ${maxSelectors} selectors at most`);
    }
    return new DiscoverySelectors(items.map((item, at) => readSelector(item, `${path}[${at}]`)));
  }
}

function holds(asked: LabelRequirement, labels: Labels): boolean {
  const found = Object.hasOwn(labels, asked.key) ? labels[asked.key] : undefined;
  switch (asked.operator) {
    case 'Exists':
      return found !== undefined;
    case 'DoesNotExist':
      return found === undefined;
    case 'In':
      return found !== undefined && asked.values.includes(found);
    case 'NotIn':
      return found === undefined || !asked.values.includes(found);
  }
}

function readSelector(item: unknown, path: string): LabelSelector {
  const selector = asMapping(item, path);
  const unknown = Object.keys(selector).find((name) => !/^match(Labels|Expressions)$/.test(name));
  // To pass over what narrows a selection would be to widen it.
  if (unknown !== undefined) throw new MeshConfigError(`${path}.${unknown}`, 'is not understood');
  const labels = Object.entries(asMapping(selector['matchLabels'], `${path}.matchLabels`));
  const expressions = asList(selector['matchExpressions'], `${path}.matchExpressions`);
  if (labels.length + expressions.length > maxRequirements) {
    throw new MeshConfigError(path, `must ask for ${maxRequirements} things at most`);
  }
  return [
    ...labels.map(([name, label]) => readLabel(name, label, `${path}.matchLabels`)),
    ...expressions.map((each, at) => readExpression(each, `${path}.matchExpressions[${at}]`)),
  ];
}

function readLabel(name: string, label: unknown, path: string): LabelRequirement {
  return { key: asKey(name, path), operator: 'In', values: [asValue(label, `${path}.${name}`)] };
}

function readExpression(item: unknown, path: string): LabelRequirement {
  const expression: Mapping = asMapping(item, path);
  const name = asKey(expression['key'], `${path}.key`);
  const operator = asText(expression['operator'], `${path}.operator`);
  const values = asList(expression['values'], `${path}.values`).map((each, at) =>
    asValue(each, `${path}.values[${at}]`),
  );
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return { key: name, operator, values };
      throw new MeshConfigError(`${path}.values`, `must hold one at least for ${operator}`);
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return { key: name, operator };
      throw new MeshConfigError(`${path}.values`, `must be empty for ${operator}`);
    default:
      throw new MeshConfigError(`${path}.operator`, 'must be In, NotIn, Exists or DoesNotExist');
  }
}

function asKey(name: unknown, path: string): string {
  if (typeof name === 'string' && key.test(name)) return name;
  throw new MeshConfigError(path, 'must be the key of a label');
}

function asValue(label: unknown, path: string): string {
  if (typeof label === 'string' && value.test(label)) return label;
  throw new MeshConfigError(path, 'must be the value of a label, as a string');
}
