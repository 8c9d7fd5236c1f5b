/** Who tells other programs what happens to sessions, if the operator's file names some. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type NotifierArgs, notifier } from '../src/notifications/notifier.ts';
import { newOutbox, type SavedOutbox } from '../src/notifications/outbox.ts';
import { savedOutboxIn } from '../src/notifications/saved-outbox.ts';
import { onlyIf } from '../src/otp/only-if.ts';
import { makeFolderSync } from '../src/platform/make-folder.ts';
import { writeDurably } from '../src/storage/files/durable-files.ts';
import type { Parts } from './parts.ts';

export const notifications = ({ config, feed, log, targets }: Parts) => {
  const dir = config.store === 'memory:' ? undefined : join(config.dataDir, 'notifications');
  const args: NotifierArgs = {
    targets,
    load: (name) => (dir === undefined ? undefined : load(join(dir, `${name}.json`))),
    save: (name, outbox) => {
      if (dir === undefined) return;
      makeFolderSync(dir);
      writeDurably(dir, `${name}.json`, JSON.stringify(outbox));
    },
    onNews: (look) => feed.onLifecycle(look),
    warn: (target, what, why) => {
      if (what === 'answers') log.info({ target }, 'a target of notifications answers again');
      else log.warn({ target, why }, `a target of notifications ${what}`);
    },
  };
  return onlyIf(targets.length > 0, notifier(args));
};

/** One that cannot be read is begun anew where it was written last: what is sent twice has the same id. */
const load = (path: string): SavedOutbox | undefined => {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  try {
    return savedOutboxIn(readFileSync(path, 'utf8'));
  } catch {
    return newOutbox(file.mtimeMs - REPEATED_MS);
  }
};

/** What was on its way when the file was written may not have come. */
const REPEATED_MS = 120_000;
