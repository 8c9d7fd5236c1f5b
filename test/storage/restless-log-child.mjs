/**
 * A process that writes groups to the commit log in the directory named on its command line, till its
 * end: generations 1 and 2 by turns, each group one batch whose time is the group's place.
 */

import { CommitLog } from '../../dist/src/storage/log/commit-log.js';
import { Batch, WRITE } from '../../dist/src/storage/records/batch.js';
import { packValue } from '../../dist/src/storage/records/frame.js';

const GROUPS = 40;
const MAX_MS = 30_000;
const [dir] = process.argv.slice(2);

const batch = (time) => {
  const made = new Batch();
  made.begin('a\0s\0\x50', 0, WRITE, { owner: 'me', epoch: 1 });
  made.put(0, 'a\0s\0\x50', packValue, 'x'.repeat((time * 997) % 6_000));
  made.end();
  return Buffer.from(made.seal(time)).subarray(0, made.byteLength);
};

const batches = Array.from({ length: GROUPS }, (_, at) => batch(at));
const log = CommitLog.open(dir, 1);
const end = Date.now() + MAX_MS;
for (let generation = 1; Date.now() < end; generation += 1) {
  log.begin(1 + (generation % 2), 0);
  for (const each of batches) if (log.hasRoomFor(each.length)) log.append([each]);
  if (generation === 1) process.stdout.write('ready\n');
}
