/** Tells how much memory a small buffer keeps at most, in bytes, in a process that bounds what the engine takes. */
import { boundEngine } from '../dist/src/platform/garbage.js';

boundEngine();
const kept = Array.from({ length: 10_000 }, (_, at) => Buffer.from(`${at}`));
process.stdout.write(String(kept.at(-1).buffer.byteLength));
