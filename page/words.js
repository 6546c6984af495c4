const numbers = new Intl.NumberFormat('en');

export const count = (value) => numbers.format(value);

/** "1 root", "2 roots". */
export const counted = (value, one, many = `${one}s`) =>
  `${count(value)} ${value === 1 ? one : many}`;

/** A signer without its domain, as Istio's users write it. */
export const shortName = (signer) => signer.slice(signer.indexOf('/') + 1);
export const domainOf = (signer) => signer.slice(0, Math.max(0, signer.indexOf('/')));

/** What a subject is called: its common name where it has one. */
export const commonName = (subject) => /(?:^|, )CN=((?:\\.|[^,])+)/.exec(subject)?.[1] ?? subject;

export const shortHash = (sha256) => `${sha256.slice(0, 8)}…${sha256.slice(-4)}`;

/** Milliseconds as people say them. */
export function duration(ms) {
  if (ms === undefined || ms === null) return '–';
  if (ms === 0) return '0 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

const day = 86_400_000;

/** How long until a time, in the largest unit that says enough. */
export function until(time, now = Date.now()) {
  const left = time - now;
  if (left <= 0) return 'expired';
  if (left >= 2 * 365 * day) return `${Math.floor(left / (365 * day))} years`;
  if (left >= 2 * day) return `${count(Math.floor(left / day))} days`;
  if (left >= 7_200_000) return `${Math.floor(left / 3_600_000)} hours`;
  return counted(Math.ceil(left / 60_000), 'minute');
}

export const clockTime = (time) => new Date(time).toTimeString().slice(0, 8);

/** How urgent the end of a root is. */
export function urgency(notAfter, now = Date.now()) {
  const left = Date.parse(notAfter) - now;
  return left < 7 * day ? 'bad' : left < 45 * day ? 'warn' : 'good';
}

export const clip = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** The same with the gap inside, for names that differ in their ends. */
export const clipInside = (text, most) =>
  text.length > most ? `${text.slice(0, 6)}…${text.slice(7 - most)}` : text;

/** `spiffe://…/ns/foo/sa/httpbin` in parts; undefined for anything else. */
export function workloadOf(uri) {
  const [, namespace, account] =
    /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(uri ?? '') ?? [];
  return namespace === undefined ? undefined : { namespace, account };
}
