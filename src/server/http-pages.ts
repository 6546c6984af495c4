import type { Server } from 'node:http';

/** What a page answers. */
export interface HttpPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** A line of text. */
export function plainPage(status: number, text: string): HttpPage {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** Closes the listener and all connections, answered or not. */
export async function closeAtOnce(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
