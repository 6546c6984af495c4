import { join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..', '..');

/** Where the stack of `make e2e-up` keeps everything; `.cache` is nobody's to commit. */
export const upFolder = join(repository, '.cache', 'e2e');
/** The processes that `make e2e-down` ends. */
export const upPidFile = join(upFolder, 'pids');
