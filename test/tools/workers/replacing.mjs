/** Has a link stand in the place of a folder, and the folder itself, in turn, as fast as it can, until it is killed. */
import { renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';

const [, , folder, target] = process.argv;

/** The place is free for a moment, in which another process may make a folder there. */
const put = (work) => {
  for (;;)
    try {
      return work();
    } catch {
      rmSync(folder, { recursive: true, force: true, maxRetries: 1_000, retryDelay: 1 });
    }
};

for (let round = 0; ; round++) {
  renameSync(folder, `${folder}.away`);
  put(() => symlinkSync(target, folder));
  unlinkSync(folder);
  put(() => renameSync(`${folder}.away`, folder));
  if (round === 0) process.send('ready');
}
