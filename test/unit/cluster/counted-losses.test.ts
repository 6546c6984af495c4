import { describe, expect, it } from '@jest/globals';
import { assertWithin } from '../../cluster/mesh/counted-phases.ts';
import { documentedLosses } from '../../cluster/mesh/documented-losses.ts';
import { sumVerifyErrors } from '../../cluster/mesh/verify-errors.ts';

describe('what a phase of the move may lose', () => {
  const evidence = { statuses: { 200: 100, 503: 2, '000': 1 }, verifyErrors: 0 };

  it('is what the document says', () => {
    expect(() => assertWithin('the phase', evidence, 3)).not.toThrow();
  });

  it.each([
    ['more were lost', evidence, 2, '3 requests were lost, documented are 2'],
    ['a certificate was refused', { ...evidence, verifyErrors: 1 }, 3, 'a certificate was refused'],
    ['nothing was sent', { statuses: {}, verifyErrors: 0 }, 3, 'no request was sent'],
  ])('is exceeded where %s', (_, found, maxLost, message) => {
    expect(() => assertWithin('the phase', found, maxLost)).toThrow(message);
  });
});

describe('what the document says about losses', () => {
  const text = [
    'a step that restarts no workload: 0',
    'a restart of the workloads of a namespace, at 20 requests a second: at most 7',
  ];

  it('is read from its lines', () => {
    expect(documentedLosses(text.join('\n'))).toEqual({ step: 0, restart: 7 });
  });

  it('is not made up where a line is missing', () => {
    expect(() => documentedLosses(text[0] ?? '')).toThrow('does not say what is lost by restart');
  });
});

describe('the refused certificates that an Envoy counts', () => {
  const prefix = 'cluster.outbound|8000||httpbin';
  const lines = [
    `${prefix}.foo.svc.cluster.local;.ssl.fail_verify_error: 3`,
    `${prefix}.bar.svc.cluster.local;.ssl.fail_verify_error: 4`,
    'listener.0.0.0.0_15006.ssl.fail_verify_error: 9',
  ];

  it('are those of all servers together, and none that it refused as a server', () => {
    expect(sumVerifyErrors(`${lines.join('\n')}\n`)).toBe(7);
  });

  it('are not nought where the counter is missing', () => {
    expect(() => sumVerifyErrors('')).toThrow('Envoy has no counter of failed verifications');
  });
});
