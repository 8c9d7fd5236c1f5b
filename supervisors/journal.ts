/** The journal that the configuration asks for. */
import { join } from 'node:path';
import type { SessionKey } from '../src/model/ids.ts';
import { removeSessionFolders } from '../src/storage/files/session-folders.ts';
import { journalServer } from '../src/storage/journal/journal-server.ts';
import { memoryJournalServer } from '../src/storage/memory/memory-journal-server.ts';
import type { Parts } from './parts.ts';

const MB = 1024 * 1024;

export const journal = ({
  config,
  log,
  testHooks,
  onFatal,
}: Pick<Parts, 'config' | 'log' | 'testHooks' | 'onFatal'>) => {
  const gate = testHooks.syncGate === undefined ? {} : { gate: testHooks.syncGate };
  const onListenerError = (error: unknown) =>
    log.error({ err: error }, 'a listener of commits threw');
  if (config.store === 'memory:') return memoryJournalServer({ ...gate, onListenerError }); // the folder may be another's, with sessions of the same ids
  const removeFolders = (key: SessionKey) =>
    removeSessionFolders(config, key, (path, err) =>
      log.warn({ path, err }, 'a deleted session has left something that could not be removed'),
    );
  const minFreeBytes = config.minFreeMb * MB;
  return journalServer({
    ...gate,
    dir: join(config.dataDir, 'store'),
    minFreeBytes,
    onFatal,
    onListenerError,
    removeFolders,
    onWalked: (state) => {
      if (state.kind === 'sound') log.info('the pages of the data file are sound');
      else
        log.warn(
          state,
          'the pages of the data file were not all looked at: greenroom doctor --verify reads everything',
        );
    },
    onSpace: (isLow, freeBytes) => {
      const freeMb = Math.floor(freeBytes / MB);
      const fields = { freeMb, minFreeMb: config.minFreeMb };
      if (isLow) log.warn(fields, 'free space is low: new work is refused until there is more');
      else log.info(fields, 'there is room again: new work is taken');
    },
  });
};
