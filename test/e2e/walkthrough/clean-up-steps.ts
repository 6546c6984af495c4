import assert from 'node:assert/strict';
import type { Step } from '../runner/suite.ts';
import type { World } from './world.ts';

/** The end of the walk-through: everything that it made is deleted as the document says. */
export function cleanUpSteps(world: World): Step[] {
  return [
    {
      name: '7.6 everything that the document made is deleted as it says',
      run: async (show) => {
        const deleted = await world.document.run('clean-up');
        const kubectl = world.controlPlane.kubectl;
        for (const kind of ['proxyconfigs', 'issuers']) {
          for (const namespace of ['foo', 'bar']) {
            const left = await kubectl.run('get', kind, '--namespace', namespace, '-o', 'name');
            assert.equal(left, '', `${kind} in ${namespace}`);
          }
        }
        show(`${deleted.trim().split('\n').length} objects deleted`);
      },
    },
    {
      name: '7.7 no named block of docs/walkthrough.md went untried',
      run: () => {
        // Those of section 5 need pods, and are run by the chapters of test/cluster.
        const needPods = ['mesh-issuer', 'mesh-reach', 'mesh-apart'];
        assert.deepEqual(world.document.unused, needPods);
        return Promise.resolve();
      },
    },
  ];
}
