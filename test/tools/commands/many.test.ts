/** Many commands at once that do nothing but wait. `GREENROOM_FULL=1`: a thousand. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isFull } from '../../chaos/size.ts';
import { until } from '../../support/until.ts';
import { Shell } from './shell.ts';

const COMMANDS = isFull() ? 1_000 : 300;

const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

test.skipIf(process.platform !== 'linux')(
  `${COMMANDS} sleeping commands hold no thread, and all of them end`,
  { timeout: 120_000 },
  async () => {
    const shell = await Shell.start();
    const ledger = shell.ledger();
    await shell.bash('true');
    const launcher = await shell.launcher();
    const before = [threadsOf(process.pid), threadsOf(launcher)];
    const command = `echo $$ >> ${ledger.path}; exec sleep 1000`;
    const asked = Array.from({ length: COMMANDS }, () => shell.ask('Bash', { command }));
    for (let begun = 50; begun <= COMMANDS; begun += 50)
      await until(() => ledger.entries.length >= begun);
    expect([threadsOf(process.pid), threadsOf(launcher)]).toEqual(before);
    expect(ledger.living).toHaveLength(COMMANDS);
    expect(await shell.says('echo another')).toBe('another');
    for (const { handle } of asked) handle.cancel();
    for (const { outcome } of asked) expect((await outcome).type).toBe('cancelled');
    expect(ledger.living).toEqual([]);
  },
);
