/** Makes garbage that lives for a while, so that V8 wants a larger nursery, and tells how large it became, in bytes. */
import { getHeapSpaceStatistics } from 'node:v8';
import { boundEngine } from '../dist/src/platform/garbage.js';

if (process.argv[2] === 'bound') boundEngine();
const living = new Array(200_000);
for (let at = 0; at < 20_000_000; at += 1) living[at % living.length] = { at, list: [at] };
const { space_size } = getHeapSpaceStatistics().find((each) => each.space_name === 'new_space');
process.stdout.write(String(space_size));
