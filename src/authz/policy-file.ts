import { deepFreeze } from '../base/deep-freeze.ts';
import { parseGoDuration } from '../base/go-duration.ts';
import { findConflicts } from './policy-conflicts.ts';
import { parsePolicyNode } from './policy-node.ts';
import { problemAt, SignerPolicyError } from './policy-problem.ts';
import type { SourceLocation, PolicyProblem } from './policy-problem.ts';
import { valueOf } from './policy-reader.ts';
import type { Located, Schema } from './policy-reader.ts';
import { policyReader, sourceNames } from './policy-schema.ts';
import type {
  AccountPattern,
  RuleMatch,
  SignerLimits,
  SignerPolicy,
  SignerRule,
  SourceName,
  TrustPair,
} from './signer-policy.ts';
import { readSignerText } from './signer-text.ts';
import type { SignerName } from '../mesh/signer-name.ts';

export interface PolicyContext {
  /** CERT_SIGNER_DOMAIN: what short signer names stand under. */
  readonly signerDomain: string | undefined;
}

type RawPolicy = typeof policyReader extends Schema<infer T> ? T : never;
type Raw<T> = NonNullable<T> extends Located<infer V> ? V : never;
type RawRule = Raw<RawPolicy['rules']>[number];
type RawMatch = Raw<RawRule['value']['match']>;

/** Kubernetes refuses a smaller `spec.expirationSeconds`, and it is an int32. */
const minTtlSeconds = 600;
const maxDurationSeconds = 2_147_483_647;

/**
 * Reads a policy, YAML or JSON. Throws SignerPolicyError with everything that is wrong with it. An
 * empty text is the policy without rules.
 */
export function parseSignerPolicy(text: string, context: PolicyContext): SignerPolicy {
  const compiler = new Compiler(context);
  const policy = compiler.compile(parsePolicyNode(text));
  const { problems } = compiler;
  // A rule that is half understood would only look as if it were in conflict with others.
  if (problems.length === 0) problems.push(...findConflicts(policy));
  if (problems.length > 0) throw new SignerPolicyError(problems);
  return deepFreeze(policy);
}

class Compiler {
  readonly problems: PolicyProblem[] = [];
  readonly #signerDomain: string | undefined;

  constructor({ signerDomain }: PolicyContext) {
    this.#signerDomain = signerDomain;
  }

  compile(node: ReturnType<typeof parsePolicyNode>): SignerPolicy {
    const raw: Partial<RawPolicy> = policyReader.read(node, this.problems)?.value ?? {};
    const switches = raw.sources?.value;
    const sources = sourceNames.map((name) => [name, switches?.[name]?.value ?? true] as const);
    return {
      mode: raw.mode?.value ?? 'assigned',
      sources: Object.fromEntries(sources) as Record<SourceName, boolean>,
      rules: (raw.rules?.value ?? []).flatMap((rule) => this.#rule(rule)),
      trusts: (raw.trusts?.value ?? []).flatMap((pair) => this.#trustPair(pair)),
    };
  }

  #rule({ value: raw, path, line }: RawRule): readonly SignerRule[] {
    const signers = (raw.signers?.value ?? []).flatMap((signer) => this.#signer(signer));
    const preferred = raw.default === undefined ? signers : this.#signer(raw.default);
    const limits = this.#limits(raw);
    const [first] = preferred;
    const { name, match } = raw;
    if (name === undefined || match === undefined || first === undefined) return [];
    if (!signers.some(({ value }) => value === first.value)) {
      this.#addProblem(first, 'must be one of the signers of its rule');
    }
    return [
      {
        path,
        line,
        name: name.value,
        nameLocation: { path: name.path, line: name.line },
        match: readMatch(match.value),
        signers: signers.map(({ value }) => value),
        signerLocations: signers.map(({ path, line }) => ({ path, line })),
        default: first.value,
        exclusive: raw.exclusive?.value ?? false,
        limits,
      },
    ];
  }

  #limits(raw: RawRule['value']): SignerLimits {
    const maxTtlSeconds = this.#seconds(raw.maxTtl);
    const defaultTtlSeconds = this.#seconds(raw.defaultTtl);
    if (raw.defaultTtl !== undefined && (defaultTtlSeconds ?? 0) > (maxTtlSeconds ?? Infinity)) {
      this.#addProblem(raw.defaultTtl, 'must not be over maxTtl');
    }
    return { maxTtlSeconds, defaultTtlSeconds, keyTypes: raw.keyTypes?.value.map(valueOf) };
  }

  #seconds(duration: Located<string> | undefined): number | undefined {
    if (duration === undefined) return undefined;
    const seconds = parseGoDuration(duration.value) / 1000;
    if (seconds < minTtlSeconds) this.#addProblem(duration, 'must be 10m or more');
    else if (seconds > maxDurationSeconds)
      this.#addProblem(duration, `must be ${maxDurationSeconds}s or less`);
    else if (!Number.isInteger(seconds)) this.#addProblem(duration, 'must be whole seconds');
    else return seconds;
    return undefined;
  }

  #trustPair({ value, path, line }: Located<readonly Located<string>[]>): readonly TrustPair[] {
    const [one, other] = value.flatMap((signer) => this.#signer(signer));
    if (one === undefined || other === undefined) return [];
    return [{ path, line, signers: [one.value, other.value] }];
  }

  #signer(signer: Located<string>): readonly Located<SignerName>[] {
    const read = readSignerText(signer.value, this.#signerDomain);
    if (read.kind === 'signer') return [{ ...signer, value: read.name }];
    this.#addProblem(signer, `cannot be used: ${read.because}`);
    return [];
  }

  #addProblem(place: SourceLocation, problem: string): void {
    this.problems.push(problemAt(place, problem));
  }
}

function readMatch(raw: RawMatch): RuleMatch {
  return {
    namespaces: raw.namespaces?.value.map(valueOf),
    namespaceLabels: raw.namespaceLabels?.value,
    serviceAccounts: raw.serviceAccounts?.value.map(readAccount),
    clusters: raw.clusters?.value.map(valueOf),
  };
}

function readAccount({ value, ...place }: Located<string>): AccountPattern {
  const [one = '', other] = value.split('/');
  return other === undefined
    ? { ...place, namespace: undefined, name: one }
    : { ...place, namespace: one, name: other };
}
