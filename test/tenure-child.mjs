/**
 * Makes one request after the other, each of which lives for a while with what it was asked, and tells how many bytes have come to lie
 * among what is old.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { boundEngine } from '../dist/src/platform/garbage.js';

const oldBytes = () =>
  getHeapSpaceStatistics().find((each) => each.space_name === 'old_space').space_used_size;
const living = new Array(60_000);

// a daemon has loaded its modules by then, and its nursery has grown
let some = [];
for (let at = 0; at < 5_000_000; at += 1) some = at % 50_000 === 0 ? [] : [at, `${at}`, some];
if (process.argv[2] === 'bound') boundEngine();

const round = (count) => {
  for (let at = 0; at < count; at += 1)
    living[at % living.length] = { at, asked: { at, list: [at, at] }, text: [`${at}`] };
};
let grown = 0;
round(1_000_000);
for (let turn = 0; turn < 200; turn += 1) {
  const before = oldBytes();
  round(20_000);
  grown += Math.max(0, oldBytes() - before);
}
process.stdout.write(String(grown));
