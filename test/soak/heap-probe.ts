import { readFileSync } from 'node:fs';

/** What a process holds right after a whole garbage collection, in MiB. */
export interface LiveMemory {
  /** Objects that something still refers to. */
  readonly heapMiB: number;
  /** What these objects hold outside of the heap: buffers, contexts, sessions. */
  readonly externalMiB: number;
}

interface Reply {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

const maxReplyMs = 30_000;
const mib = 1_048_576;

/** The flag that makes a process listen for the probe, on a port that its log tells. */
export const probeFlag = '--inspect=127.0.0.1:0';

/**
 * Has a process that was started with `probeFlag` collect its garbage, and reads what is left: memory
 * that grows here is held by something, and not merely not yet given back. Throws an Error where the
 * process does not answer.
 */
export async function probeLiveMemory(logFile: string): Promise<LiveMemory> {
  const url = /Debugger listening on (ws:\S+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
  if (url === undefined) throw new Error(`${logFile} does not tell where its process listens`);
  const socket = new WebSocket(url);
  try {
    await heard(socket, 'open');
    await call(socket, 1, 'HeapProfiler.collectGarbage', {});
    const reply = await call(socket, 2, 'Runtime.evaluate', {
      expression: 'process.memoryUsage()',
      returnByValue: true,
    });
    const usage = reply.result?.result?.value as NodeJS.MemoryUsage | undefined;
    if (usage === undefined) throw new Error('the process did not tell its memory');
    return { heapMiB: usage.heapUsed / mib, externalMiB: usage.external / mib };
  } finally {
    socket.close();
  }
}

async function call(
  socket: WebSocket,
  id: number,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Reply> {
  socket.send(JSON.stringify({ id, method, params }));
  for (;;) {
    const message = (await heard(socket, 'message')) as MessageEvent;
    const reply = JSON.parse(String(message.data)) as Reply;
    if (reply.id !== id) continue;
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
    return reply;
  }
}

function heard(socket: WebSocket, event: 'open' | 'message'): Promise<Event> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail('in time'), maxReplyMs);
    const fail = (how: string): void => {
      clearTimeout(late);
      reject(new Error(`the process does not answer ${how}`));
    };
    socket.addEventListener('error', () => fail('at all'), { once: true });
    socket.addEventListener('close', () => fail('any more'), { once: true });
    socket.addEventListener(
      event,
      (heardEvent) => {
        clearTimeout(late);
        resolve(heardEvent);
      },
      { once: true },
    );
  });
}
