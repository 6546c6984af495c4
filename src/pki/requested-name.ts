import { CsrError } from './errors.ts';
import { parseExtension } from './certificate-extensions.ts';
import { contextTag, tags } from './der-tags.ts';
import { expectTag, objectIdentifier, visibleAscii } from './der-values.ts';
import { parseDer, requestLimits } from './der.ts';
import type { DerElement } from './der.ts';

const extensionRequest = '1.2.840.113549.1.9.14';
const subjectAltName = '2.5.29.17';
const uriName = contextTag(6, 'primitive');
/** SPIFFE-ID section 2.3. */
const maxUriLength = 2048;

/**
 * The one URI that a request asks for. A request has one attribute, extensionRequest (RFC 2985
 * section 5.4.2), with one extension, subjectAltName, with one name, a URI: whatever else a signer
 * might copy into a certificate cannot be said. Throws CsrError and DerError.
 *
 * Divergence: istiod looks at subjectAltName alone and passes other attributes on to the signer.
 */
export function parseRequestedUri(attributes: DerElement | undefined): string {
  const extensions = parseExtensionRequest(attributes);
  const requested = extensions.map(parseExtension);
  const [extension] = requested;
  const others = requested.filter(({ oid }) => oid !== subjectAltName);
  if (extension === undefined || others.length === requested.length) {
    throw new CsrError('san_missing', 'the request has no subjectAltName');
  }
  if (requested.length > 1) {
    throw new CsrError('extensions', 'the request has more than one extension');
  }
  return parseOneUri(parseDer(extension.value, requestLimits));
}

function parseExtensionRequest(attributes: DerElement | undefined): readonly DerElement[] {
  if (attributes === undefined) {
    throw new CsrError('attributes', 'the request has no attributes');
  }
  const [attribute, ...more] = expectTag(attributes, contextTag(0, 'constructed')).children;
  if (attribute === undefined || more.length > 0) {
    throw new CsrError('attributes', 'the request does not have exactly one attribute');
  }
  const [type, values, ...rest] = expectTag(attribute, tags.sequence).children;
  if (objectIdentifier(type) !== extensionRequest) {
    throw new CsrError('attributes', 'the attribute is not extensionRequest');
  }
  const [extensions, ...others] = expectTag(values, tags.set).children;
  if (rest.length > 0 || others.length > 0 || extensions === undefined) {
    throw new CsrError('attributes', 'the attribute does not have exactly one value');
  }
  return expectTag(extensions, tags.sequence).children;
}

function parseOneUri(names: DerElement): string {
  const [name, ...more] = expectTag(names, tags.sequence).children;
  if (name === undefined) throw new CsrError('san_empty', 'the subjectAltName holds no name');
  if (more.length > 0) {
    throw new CsrError('san_count', 'the subjectAltName holds more than one name');
  }
  if (name.tag !== uriName) throw new CsrError('san_type', 'the subjectAltName is not a URI');
  const { content } = name;
  if (content.length > maxUriLength) {
    throw new CsrError('san_too_long', `the URI is longer than ${maxUriLength} bytes`);
  }
  const uri = visibleAscii(content);
  if (uri === undefined || uri === '') {
    throw new CsrError('san_encoding', 'the URI is empty or not visible ASCII');
  }
  return uri;
}
