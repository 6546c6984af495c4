/** The span of a caller that a request is part of, as W3C Trace Context has it. */
export interface TraceParent {
  /** 32 digits of lower-case hexadecimal, not all zero. */
  readonly traceId: string;
  /** 16 digits of lower-case hexadecimal, not all zero. */
  readonly spanId: string;
  /** Whether the caller records its trace. */
  readonly sampled: boolean;
}

/**
 * Section 3.2: the version, the ids, the flags. There is no version ff, no id of zeros alone, and only
 * a version later than 00 may go on after the flags.
 */
const pattern =
  /^(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?:-.*)?$/;
const maxLength = 512;

/**
 * Reads the `traceparent` headers of a request. Undefined unless there is exactly one and it is
 * well-formed: a trace that cannot be continued is never a reason to refuse (section 4.3).
 */
export function parseTraceParent(headers: readonly string[]): TraceParent | undefined {
  const [text = ''] = headers;
  if (headers.length > 1 || text.length > maxLength) return undefined;
  const found = pattern.exec(text)?.groups;
  if (found === undefined) return undefined;
  const { traceId = '', spanId = '', flags = '' } = found;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
