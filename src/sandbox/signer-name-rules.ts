import { invalid, required, tooLong } from './field-error.ts';
import type { FieldError } from './field-error.ts';

const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
/** The API server's sentence for a text that is no DNS subdomain. */
export const subdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const maxLabelLength = 63;
const maxSubdomainLength = 253;
/** A namespaced signer's path is `<namespace>.<name>`. */
const maxSignerNameLength = maxSubdomainLength + 1 + maxLabelLength + 1 + maxSubdomainLength;

/** Why a text is no DNS label (RFC 1123); empty when it is one. */
export function labelProblems(text: string): readonly string[] {
  return [
    ...(text.length > maxLabelLength ? [`must be no more than ${maxLabelLength} characters`] : []),
    ...(label.test(text) ? [] : [labelWords]),
  ];
}

/** Why a text is no DNS subdomain (RFC 1123); empty when it is one. */
export function subdomainProblems(text: string): readonly string[] {
  return [
    ...(text.length > maxSubdomainLength
      ? [`must be no more than ${maxSubdomainLength} characters`]
      : []),
    ...(text.split('.').every((part) => label.test(part)) ? [] : [subdomainWords]),
  ];
}

/** What the API server has against a signer name: `<domain with dots>/<path with dots>`. */
export function signerNameErrors(field: string, signerName: string): readonly FieldError[] {
  if (signerName === '') return [required(field)];
  const [domain = '', path = '', ...more] = signerName.split('/');
  if (!signerName.includes('/') || more.length > 0) {
    const form = 'must be a fully qualified domain and path of the form';
    return [invalid(field, signerName, `${form} 'example.com/signer-name'`)];
  }
  const isDotted = domain.includes('.');
  const dots = 'should be a domain with at least two segments separated by dots';
  return [
    ...(domain.length > maxSubdomainLength ? [tooLong(field, maxSubdomainLength)] : []),
    ...firstBadPart(field, domain, labelProblems),
    ...(isDotted ? [] : [invalid(field, domain, dots)]),
    ...firstBadPart(field, path, subdomainProblems),
    ...(signerName.length > maxSignerNameLength ? [tooLong(field, maxSignerNameLength)] : []),
  ];
}

function firstBadPart(
  field: string,
  text: string,
  problemsOf: (part: string) => readonly string[],
): readonly FieldError[] {
  const part = text.split('.').find((candidate) => problemsOf(candidate).length > 0);
  if (part === undefined) return [];
  return problemsOf(part).map((problem) =>
    invalid(field, text, `validating label ${JSON.stringify(part)}: ${problem}`),
  );
}
