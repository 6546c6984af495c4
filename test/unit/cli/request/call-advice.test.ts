import { describe, expect, it } from '@jest/globals';
import { adviceFor } from '../../../../src/cli/request/call-advice.ts';

const plan = {
  address: 'ra.example:15012',
  identity: 'spiffe://cluster.local/ns/foo/sa/httpbin',
  certSigner: 'bar',
};

describe('adviceFor', () => {
  it.each([
    ['nobody listens', 'UNAVAILABLE', 'connect ECONNREFUSED 127.0.0.1:1', 'nothing listens on ra.'],
    ['there is no such host', 'UNAVAILABLE', 'Name resolution failed for', 'no host ra.example:'],
    [
      'the server has another name',
      'UNAVAILABLE',
      "Hostname/IP does not match certificate's altnames",
      '--server-name',
    ],
    [
      'the roots are not the server’s',
      'UNAVAILABLE',
      'unable to verify the first certificate',
      '--root',
    ],
    ['it is no TLS port', 'UNAVAILABLE', 'SSL routines: wrong version number', 'not speak TLS'],
    ['the authority is not ready', 'UNAVAILABLE', 'not ready', 'try again'],
    ['the token is not believed', 'UNAUTHENTICATED', '', '--audience istio-ca'],
    ['the signer is another’s', 'PERMISSION_DENIED', '', 'explain -n foo -s httpbin --signer bar'],
    ['the CSR is not accepted', 'INVALID_ARGUMENT', '', '--ttl'],
    ['time is up', 'DEADLINE_EXCEEDED', '', '--timeout'],
    ['something else answers', 'UNIMPLEMENTED', '', 'name the address of istio-ra'],
  ])('says what to do where %s', (_what, code, message, told) => {
    expect(adviceFor({ code, message }, plan)).toContain(told);
  });

  it('is silent where it knows nothing', () => {
    expect(adviceFor({ code: 'INTERNAL', message: '' }, plan)).toBeUndefined();
  });
});
