import { readdir } from 'node:fs/promises';
import type { PulledMetric, Sample } from './pulled-metric.ts';

/** Where Linux shows a process its own file descriptors. */
const descriptors = '/proc/self/fd';
const microseconds = 1e6;

/** The few of Node's own numbers that tell something about this process. */
export function processMetrics(): readonly PulledMetric[] {
  const startedAt = Math.round(performance.timeOrigin) / 1000;
  return [
    {
      kind: 'counter',
      name: 'process_cpu_seconds_total',
      help: 'CPU time used, in user and kernel mode.',
      read: () => {
        const { user, system } = process.cpuUsage();
        return of((user + system) / microseconds);
      },
    },
    {
      kind: 'gauge',
      name: 'process_start_time_seconds',
      help: 'When the process started.',
      read: () => of(startedAt),
    },
    {
      kind: 'gauge',
      name: 'process_resident_memory_bytes',
      help: 'Memory held by the process.',
      read: () => of(process.memoryUsage.rss()),
    },
    {
      kind: 'gauge',
      name: 'process_open_fds',
      help: 'Open file descriptors, sockets among them; on Linux only.',
      // The listing itself holds one.
      read: async () => of((await readdir(descriptors)).length - 1),
    },
    {
      kind: 'gauge',
      name: 'nodejs_heap_size_used_bytes',
      help: "JavaScript's heap in use.",
      read: () => of(process.memoryUsage().heapUsed),
    },
    {
      kind: 'gauge',
      name: 'nodejs_external_memory_bytes',
      help: 'Memory outside of the heap that its objects hold, such as buffers.',
      read: () => of(process.memoryUsage().external),
    },
  ];
}

function of(value: number): readonly Sample[] {
  return [{ value }];
}
