/** Has a link lead to one folder and to another in turn, as fast as it can, until it is killed. */
import { renameSync, symlinkSync } from 'node:fs';

const [, , link, ...targets] = process.argv;
for (let round = 0; ; round++) {
  symlinkSync(targets[round % targets.length], `${link}.next`);
  renameSync(`${link}.next`, link);
  if (round === 0) process.send('ready');
}
