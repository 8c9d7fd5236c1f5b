/** Gives way, tells what priority each of its threads has, as `nice` counts, and ends. */
import { readdirSync, readFileSync } from 'node:fs';
import { giveWay } from '../../dist/src/platform/give-way.js';

const priorityOf = (thread) => {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
  const [, after = ''] = /\) (.*)$/s.exec(stat) ?? [];
  return Number(after.split(' ')[16]);
};

giveWay(process.pid);
process.send(readdirSync('/proc/self/task').map(priorityOf), () => process.disconnect());
