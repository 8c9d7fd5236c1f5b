/** The journal that the configuration asks for. */
import { join } from 'node:path';
import { journalServer } from '../src/storage/journal-server.ts';
import type { Parts } from './parts.ts';

const MB = 1024 * 1024;

export const journal = ({ config, log, seams, onFatal }: Parts) =>
  journalServer({
    dir: join(config.dataDir, 'store'),
    minFreeBytes: config.minFreeMb * MB,
    onFatal,
    onListenerError: (error) => log.error({ err: error }, 'a listener of commits threw'),
    ...(seams.syncGate === undefined ? {} : { gate: seams.syncGate }),
  });
