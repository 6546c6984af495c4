import type { BenchPart } from '../bench-part.ts';
import type { RealWorld } from '../real-world.ts';
import { growthBar, growthTable, inTurns } from './in-turns.ts';

const name = 'cost as work grows: 10,000 foreign requests';
const count = 10_000;
const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const labels = { 'istio-ra-bench': 'foreign' };

/** A cluster in which others left requests that nobody signs, against one without. */
export const foreignRequestsPart: BenchPart = {
  name,
  run: async (bench) => {
    const { world, requestPems, say } = bench;
    const crowded = await bench.another();
    say(`creating ${count} requests for a signer of others`);
    await createRequests(crowded, requestPems);
    const sides = {
      small: { name: 'none', world, authority: await bench.startWarm('without-foreign') },
      grown: {
        name: '10,000 foreign requests',
        world: crowded,
        authority: await bench.startWarm('among-foreign', { world: crowded }),
      },
    };
    const turns = await inTurns(bench, sides);
    for (const { authority } of [sides.small, sides.grown]) await authority.stop();
    const selector = encodeURIComponent('istio-ra-bench=foreign');
    await crowded.admin.ask('DELETE', `${path}?labelSelector=${selector}`);
    return {
      bars: [growthBar(name, turns)],
      table: growthTable({ small: sides.small.name, grown: sides.grown.name }, turns),
      figures: { turns },
    };
  },
};

async function createRequests({ admin }: RealWorld, requestPems: readonly string[]): Promise<void> {
  await admin.createMany(count, (at) => ({
    path,
    object: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: `foreign-${at}`, labels },
      spec: {
        request: Buffer.from(requestPems[at % requestPems.length] ?? '').toString('base64'),
        signerName: 'example.com/others',
        usages: ['digital signature', 'client auth'],
      },
    },
  }));
}
