/** What a folder or a command names and an import cannot simply read: odd names, pipes, links that fail. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { greenroom, jsonLines } from '../run-cli.ts';
import { FakeStore } from './fake-store.ts';
import { assistantLine, folderOf, userLine } from './transcripts.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const OTHER = ID.replaceAll('1', '2');
const FILE = `${ID}.jsonl`;
const linesOf = (id: string) => `${userLine(id, 1)}\n${assistantLine(id, 2, `m${id}`)}\n`;

const importOf = async (...paths: readonly string[]) => {
  const store = new FakeStore();
  const ran = await greenroom(['import', '--json', ...paths], { daemon: store.client });
  const files = (jsonLines(ran.out) as Record<string, unknown>[]).filter((line) => 'path' in line);
  return { ...ran, store, files };
};

/** A path below a folder whose name is Latin-1. */
const latin = (folder: string, name: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);

const pipeIn = (folder: string, name: string): string => {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
};

describe('a name that is no UTF-8', () => {
  test('of a file is read, and told with its bytes', async () => {
    const folder = folderOf({});
    writeFileSync(latin(folder, 'caf\xe9.jsonl'), linesOf(ID));
    const { code, files } = await importOf(folder);
    expect(code).toBe(0);
    expect(files).toMatchObject([
      { path: join(folder, 'caf\\xe9.jsonl'), status: 'new', sessionId: ID, lines: 2 },
    ]);
  });

  test('of a folder is read too, with what lies below it, and two such names are two', async () => {
    const folder = folderOf({});
    for (const [name, id] of [
      ['proj-\xe9', ID],
      ['proj-\xe8', OTHER],
    ] as const) {
      mkdirSync(latin(folder, name));
      mkdirSync(latin(folder, `${name}/more`));
      writeFileSync(latin(folder, `${name}/more/a.jsonl`), linesOf(id));
    }
    const { code, files } = await importOf(folder);
    expect(code).toBe(0);
    expect(files.map(({ sessionId }) => sessionId)).toEqual([OTHER, ID]);
  });

  test('of a classic file is read', async () => {
    const folder = folderOf({});
    const state = { session_id: 'x', messages: [] };
    writeFileSync(latin(folder, 'caf\xe9.json'), JSON.stringify(state));
    writeFileSync(latin(folder, 'other\xe9.json'), '{}');
    const { files } = await importOf(folder);
    expect(files).toMatchObject([{ path: join(folder, 'caf\\xe9.json') }]);
  });

  test('that the command names is said to be named by its folder', async () => {
    const { code, err } = await greenroom(['import', '/nowhere/caf\ufffd.jsonl'], {
      daemon: new FakeStore().client,
    });
    expect(code).toBe(3);
    expect(err).toContain('name the directory that it is in');
  });
});

describe('what is no regular file', () => {
  test('is refused at once where the command names it, also a pipe that nothing writes to', async () => {
    const folder = folderOf({});
    for (const path of [pipeIn(folder, 'pipe'), '/dev/null']) {
      const { code, err, files } = await importOf(path);
      expect(code).toBe(4);
      expect(err).toContain('It is not a regular file');
      expect(err).not.toContain('internal');
      expect(files).toMatchObject([{ path, status: 'refused' }]);
    }
  });

  test('holds up no other file, and is named', async () => {
    const folder = folderOf({ [FILE]: linesOf(ID) });
    const path = pipeIn(folder, 'pipe.jsonl');
    const { code, files, store } = await importOf(folder);
    expect(code).toBe(1);
    expect(files).toMatchObject([
      { path, status: 'refused', reason: expect.stringContaining('not a regular file') },
      { status: 'new', sessionId: ID },
    ]);
    expect(store.sessionIds).toEqual([ID]);
  });
});

describe('what the system does not let be read', () => {
  test('is named with the reason, and the rest is stored', async () => {
    const folder = folderOf({ [FILE]: linesOf(ID) });
    const path = join(folder, 'far.jsonl');
    symlinkSync('x'.repeat(300), path);
    const { code, files } = await importOf(folder);
    expect(code).toBe(1);
    expect(files).toMatchObject([
      { path, status: 'failed', reason: expect.stringContaining('ENAMETOOLONG') },
      { status: 'new' },
    ]);
  });

  test.skipIf(!existsSync('/proc/self/mem'))(
    'while it is read fails as itself and not as the daemon',
    async () => {
      const memory = '/proc/self/mem';
      expect(() => readFileSync(memory)).toThrow();
      const { code, err } = await importOf(memory);
      expect(code).toBe(1);
      expect(err).toContain('1 of 1 files failed: E');
      expect(err).not.toMatch(/internal|daemon/);
    },
  );
});
