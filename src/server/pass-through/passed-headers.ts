import { sensitiveHeaders } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

type Raw = readonly string[];

/** RFC 9113 section 8.2.2, and `host`, which `:authority` stands for. */
const ofTheConnection: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Who a trusted proxy says that the client is. istiod may trust our address for it
 * (TRUSTED_GATEWAY_CIDR), and we have not checked what the client wrote there.
 */
const ofTrustedProxies = 'x-forwarded-client-cert';

/** A client's request as istiod is to see it, under the name by which we call istiod. */
export function requestToUpstream(
  headers: IncomingHttpHeaders,
  raw: Raw,
  authority: string,
): OutgoingHttpHeaders {
  const passed = passedFields(headers, raw, (name) => name !== ofTrustedProxies);
  return {
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': authority,
    ':path': headers[':path'],
    ...passed,
    // Many clients share one compression context upstream: a token is never part of it.
    [sensitiveHeaders]: [...neverIndexed(headers), 'authorization'],
  };
}

/** What the client asked to keep out of compression (RFC 7541 section 7.1.3). */
function neverIndexed(headers: IncomingHttpHeaders): readonly string[] {
  const names: unknown = Reflect.get(headers, sensitiveHeaders);
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** The head of istiod's answer as the client is to see it. */
export function responseToClient(headers: IncomingHttpHeaders, raw: Raw): OutgoingHttpHeaders {
  return { ':status': headers[':status'], ...passedFields(headers, raw) };
}

/** The end of istiod's answer, where gRPC has its status. */
export function trailersToClient(headers: IncomingHttpHeaders, raw: Raw): OutgoingHttpHeaders {
  return passedFields(headers, raw);
}

/** Every field that is not of the connection; repeated ones stay repeated. */
function passedFields(
  headers: IncomingHttpHeaders,
  raw: Raw,
  isPassed: (name: string) => boolean = () => true,
): OutgoingHttpHeaders {
  // A header may be called __proto__.
  const fields = Object.create(null) as Record<string, string | string[]>;
  for (const [name, values] of valuesByName(raw)) {
    if (name.startsWith(':') || ofTheConnection.has(name) || !isPassed(name)) continue;
    fields[name] = wasJoined(headers, name, values) ? values : (values[0] ?? '');
  }
  return fields;
}

function valuesByName(raw: Raw): ReadonlyMap<string, string[]> {
  const byName = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [raw[at] ?? '', raw[at + 1] ?? ''];
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [value]);
    else known.push(value);
  }
  return byName;
}

/** Of fields that have one value by definition Node keeps the first and refuses to send several. */
function wasJoined(headers: IncomingHttpHeaders, name: string, values: readonly string[]): boolean {
  return values.length > 1 && headers[name] !== values[0];
}
