import { describe, expect, it } from '@jest/globals';
import { mistakenSettings } from './misconfiguration/mistaken-settings.ts';
import { mistakesAtWork } from './misconfiguration/mistakes-at-work.ts';
import { writeFileSync } from 'node:fs';
describe('explore', () => {
  it.each(Object.entries({ ...mistakenSettings, ...mistakesAtWork }))(
    '%s',
    async (n, run) => {
      const r = await run().catch((e) => ({ said: 'XXXX ' + e.stack, meanwhile: 'FAILED' }));
      writeFileSync('/tmp/explore.log', `=== ${n}\n${r.meanwhile}\n${r.said}\n`, { flag: 'a' });
      expect(r.meanwhile).not.toBe('FAILED');
    },
    40000,
  );
});
