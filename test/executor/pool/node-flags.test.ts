/** Flags that somebody gives to node must not keep the threads from starting. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const door = fileURLToPath(new URL('../../../dist/doors/index.js', import.meta.url));

test.each(['--expose-gc', '--max-old-space-size=500'])('a turn runs under node %s', (flag) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'greenroom-flags-'));
  const program = `
    const { startGreenroom } = await import(${JSON.stringify(door)});
    const greenroom = await startGreenroom({ dataDir: ${JSON.stringify(dataDir)}, provider: 'rehearsal' });
    for await (const event of greenroom.turn('s', 'Hello'))
      if (event.type === 'turn.finished') console.log(event.status);
    await greenroom.stop();`;
  const args = [flag, '--input-type=module', '-e', program];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 25_000 });
  rmSync(dataDir, { recursive: true, force: true });
  expect(said.trim()).toBe('completed');
});
