import { it } from '@jest/globals';
import fc from 'fast-check';
import { readMemoryLimit } from '../../../src/base/memory-limit.ts';
import { expectProperty } from '../../support/expect-property.ts';

const machineBytes = 2 ** 33;

const mount = (type: string, options: string): string =>
  `1 2 3 / /groups rw - ${type} cgroup ${options}\n`;

it('whatever the files hold, there is an answer, and a limit in it is below the memory of the machine', () => {
  const word = fc.constantFrom(...'/ /a 0 4 : - memory cgroup cgroup2 rw'.split(' '));
  const line = fc.oneof(
    fc.string(),
    fc.array(word).map((words) => words.join(' ')),
  );
  const lines = fc.oneof(
    fc.array(line).map((all) => all.join('\n')),
    fc.constantFrom(
      '4:memory:/a\n',
      '0::/a/b\n',
      mount('cgroup', 'memory'),
      mount('cgroup2', 'rw'),
    ),
  );
  expectProperty(
    fc.property(
      lines,
      lines,
      fc.oneof(fc.string(), fc.nat().map(String), fc.bigInt().map(String)),
      (cgroup, mounts, limits) => {
        const known = new Map([
          ['/proc/self/cgroup', cgroup],
          ['/proc/self/mountinfo', mounts],
        ]);
        const { bytes, source } = readMemoryLimit(
          (path) => known.get(path) ?? limits,
          machineBytes,
        );
        return bytes === undefined || (bytes > 0 && bytes < machineBytes && source !== 'none');
      },
    ),
  );
});
