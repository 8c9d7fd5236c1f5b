/** Long work on a tools thread, which blocks it: others are heard all the same. */
import { linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { Grep } from '../../src/tools/builtin/grep.ts';
import { Pauses } from '../../src/tools/tool/pauses.ts';
import { jobIn, temporaryFolder } from './calling.ts';

/** Reading them takes many times as long as a thread may go without listening. */
const FILES = 5_000;

describe('work in pieces', () => {
  it('lets the thread listen once it has not for long, and not before', async () => {
    const clock = virtualClock();
    const pauses = new Pauses(new AbortController().signal, clock);
    let hasListened = false;
    setImmediate(() => {
      hasListened = true;
    });
    clock.jump(40);
    await pauses.look();
    expect(hasListened).toBe(false);
    clock.jump(10);
    await pauses.look();
    expect(hasListened).toBe(true);
  });

  it('ends when it was asked to while the thread listened', async () => {
    const clock = virtualClock();
    const asked = new AbortController();
    const pauses = new Pauses(asked.signal, clock);
    setImmediate(() => asked.abort());
    clock.jump(1_000);
    await expect(pauses.look()).rejects.toThrow('aborted');
  });

  it('of a search that is cancelled in its middle is not done to its end', async () => {
    const folder = temporaryFolder();
    const first = join(folder, '0.txt');
    writeFileSync(first, 'a line that is not looked for\n'.repeat(3_000));
    for (let n = 1; n < FILES; n++) linkSync(first, join(folder, `${n}.txt`));
    const asked = new AbortController();
    const running = Grep.run(jobIn(folder, 'Grep', { pattern: 'found' }), asked.signal);
    setImmediate(() => asked.abort());
    expect(await running).toEqual({ type: 'cancelled' });
  });
});
