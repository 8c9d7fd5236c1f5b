/** Where the optional library is not installed: the program in a place of its own, with all packages but that one. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PROGRAM = `
import { startGreenroom } from './dist/doors/index.js';
const greenroom = await startGreenroom({ dataDir: process.argv[2], nats: false, provider: 'rehearsal', minFreeMb: 0, logLevel: 'silent' });
await greenroom.sessions.create('a', { title: 'harbour' });
let found;
do found = await greenroom.sessions.search({ q: 'harbour' }).catch(({ code, message }) => ({ code, message }));
while (found.code === 'unavailable');
const { count } = await greenroom.sessions.count({});
await greenroom.stop();
console.log(JSON.stringify({ ...found, count }));
`;

it('words are refused with what to install, and all else works', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-bare-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['doors', 'programs'])
    cpSync(join(ROOT, 'dist', part), join(folder, 'dist', part), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!/libsql|^\./.test(name))
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs', 'data'], {
    cwd: folder,
  });
  expect(JSON.parse(stdout)).toEqual({
    code: 'text_search_unavailable',
    message: 'text search needs the package libsql: npm install libsql',
    count: 1,
  });
});
