import { each } from './from-source.ts';
import type { From } from './from-source.ts';
import type { PulledMetric } from './pulled-metric.ts';

const circuitStates = ['closed', 'half-open', 'open'] as const;

/** What each signer has of us, and whether it is asked. */
export function signerMetrics(from: From): readonly PulledMetric[] {
  return [
    ...from('circuits', {
      signer_circuit_state: each(
        {
          kind: 'gauge',
          help: 'The state of a signer: 1 for the one that holds, 0 for the others.',
          labels: ['signer', 'state'],
        },
        ({ signer, state: current }) =>
          circuitStates.map((state) => ({
            labels: { signer, state },
            value: state === current ? 1 : 0,
          })),
      ),
    }),
    ...from('signerLoads', {
      signer_requests: each(
        {
          kind: 'gauge',
          help: 'Requests that lie with a signer (asked), and those that wait until they may (waiting).',
          labels: ['signer', 'state'],
        },
        ({ signer, inFlight, waiting }) => [
          { labels: { signer, state: 'asked' }, value: inFlight },
          { labels: { signer, state: 'waiting' }, value: waiting },
        ],
      ),
      signer_requests_limit: each(
        {
          kind: 'gauge',
          help: 'How many requests may lie with a signer at present.',
          labels: ['signer'],
        },
        ({ signer, limit }) => [{ labels: { signer }, value: limit }],
      ),
    }),
  ];
}
