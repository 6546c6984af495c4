import type { Clock } from './clock.ts';
import { CollectAfterLoad } from './collect-after-load.ts';
import type { StartStack } from './start-stack.ts';

/**
 * Gives memory back after a load, where Node was told to hand out its collector (`--expose-gc`), as the
 * image does.
 */
export function collectGarbageAfterLoad(
  { clock, started }: { readonly clock: Clock; readonly started: StartStack },
  gc: NodeJS.GCFunction | undefined = globalThis.gc,
): void {
  if (gc === undefined) return;
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  // V8's last resort collects until nothing more comes and gives back the pages; a plain one left 45 MiB
  // more after a storm.
  const collect = (): void => {
    gc({ type: 'major', flavor: 'last-resort' });
  };
  const collector = new CollectAfterLoad({ clock, cpuMs, collect });
  collector.start();
  started.defer(() => collector.stop());
}
