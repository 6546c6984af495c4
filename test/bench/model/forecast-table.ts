import { forecast, type Cluster, type ModelInputs } from './cluster-model.ts';

const hour = 3_600;
/** cert-manager's own limit, and one that is not the first to be met. */
const [usualQps, raisedQps] = [20, 800];

const clusters: readonly Cluster[] = [
  { pods: 10_000, ttlSeconds: 24 * hour, signerQps: usualQps },
  { pods: 100_000, ttlSeconds: 24 * hour, signerQps: usualQps },
  { pods: 100_000, ttlSeconds: 24 * hour, signerQps: raisedQps },
  { pods: 100_000, ttlSeconds: hour, signerQps: raisedQps },
];

/** What the model says of a few clusters, as Markdown. */
export function forecastTable(inputs: ModelInputs): string {
  const rows = clusters.map((cluster) => {
    const { perSecond, cost, signerMaxPerSecond, restartSeconds } = forecast(inputs, cluster);
    const cells = [
      cluster.pods.toLocaleString('en'),
      `${cluster.ttlSeconds / hour} h`,
      cluster.signerQps.toFixed(0),
      perSecond.toFixed(2),
      cost.ownMs.toFixed(0),
      cost.apiServerMs.toFixed(0),
      signerMaxPerSecond.toFixed(0),
      (restartSeconds / 60).toFixed(0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    "| pods | lifetime | signer's calls/s | certificates/s | own CPU ms/s | API server's CPU ms/s | signer's most/s | minutes until all have one |",
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
