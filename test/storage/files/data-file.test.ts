/** A data file is looked at without LMDB, and while another process commits to it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { inspectDataFile } from '../../../src/storage/files/data-file.ts';
import { inspectAside } from '../../../src/storage/files/inspect-aside.ts';
import { folders } from '../folders.ts';

const WRITER = fileURLToPath(new URL('../restless-writer-child.mjs', import.meta.url));
const LOOKS = 3_000;

describe('a data file', () => {
  const folder = folders();

  it('that is large is looked at in a thread, with what is found there', async () => {
    const path = join(folder(), 'data.mdb');
    writeFileSync(path, 'x'.repeat(100_000));
    expect(await inspectAside(path, false, 0)).toEqual(inspectDataFile(path));
    expect(await inspectAside(path, false, 0)).toMatchObject({ kind: 'broken' });
  });

  it('is not taken for damaged because of commits between two looks at it', async () => {
    const dir = folder();
    const writer = spawn(process.execPath, [WRITER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    const reader = open({ path: dir, noSubdir: false, readOnly: true, maxDbs: 10 });
    const table = reader.openDB({ name: 'records' });
    const kinds = new Set<string>();
    for (let look = 0; look < LOOKS; look += 1) {
      reader.resetReadTxn();
      table.get('round'); // keeps the pages of this moment from being used again
      const state = inspectDataFile(join(dir, 'data.mdb'));
      kinds.add('why' in state && state.kind === 'broken' ? state.why : state.kind);
    }
    reader.resetReadTxn();
    const rounds = table.get('round') as number;
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    await reader.close();
    expect([...kinds].filter((kind) => kind !== 'doubtful')).toEqual(['sound']);
    expect(rounds).toBeGreaterThan(LOOKS);
  });
});
