/** Files under attack: a writer that is killed in the middle, and a link that is swapped while it is followed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { Edit } from '../../src/tools/builtin/edit.ts';
import { Glob } from '../../src/tools/builtin/glob.ts';
import { Grep } from '../../src/tools/builtin/grep.ts';
import { Read } from '../../src/tools/builtin/read.ts';
import { Write } from '../../src/tools/builtin/write.ts';
import { isFull } from '../chaos/size.ts';
import { until } from '../support/until.ts';
import { folderWith, temporaryFolder } from './calling.ts';

/** Both sides want all of a core: on a busy machine each waits for the other. */
const timeout = isFull() ? 3_600_000 : 120_000;

const child = async (name: string, ...args: readonly string[]): Promise<ChildProcess> => {
  const file = fileURLToPath(new URL(`./workers/${name}.mjs`, import.meta.url));
  const started = fork(file, args, { execArgv: [] });
  onTestFinished(() => void started.kill('SIGKILL'));
  await once(started, 'message');
  return started;
};

it('a file is whole after each kill -9 of its writer, and the next call removes what was left beside it', {
  timeout,
}, async () => {
  const bytes = 300_000;
  const folder = temporaryFolder();
  for (let round = 0; round < (isFull() ? 100 : 5); round++) {
    const writer = await child('writing', folder, String(bytes));
    await until(() => readdirSync(folder).some((name) => name.endsWith('-draft')));
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const names = readdirSync(folder).filter((name) => name !== 'it');
    expect(names.length).toBeLessThanOrEqual(1);
    if (!readdirSync(folder).includes('it')) continue; // the first draft had not got its name
    const content = readFileSync(`${folder}/it`, 'utf8');
    expect(content === 'a'.repeat(bytes) || content === 'b'.repeat(bytes)).toBe(true);
    writeFileSync(`${folder}/it`, 'a'.repeat(bytes)); // which the next writer takes for its own
  }
});

it('a link that is swapped while it is followed leads to no other file than was allowed', {
  timeout,
}, async () => {
  const files = { 'allowed/a': 'fine', 'secret/a': 'secret', 'secret/b': 'secret' };
  const { call, path, forget, text } = folderWith(files);
  await child('swapping', path('way'), path('allowed'), path('secret'));
  const realPath = path('allowed/a');
  const seen = new Set<string>();
  const rounds = isFull() ? 20_000 : 100;
  for (let round = 0; round < rounds || seen.size < 2; round++) {
    const read = await call(Read, { file_path: 'way/a' }, { realPath });
    seen.add(read.isError ? 'refused' : read.text.trim());
    await call(
      Edit,
      { file_path: 'way/a', old_string: 'secret', new_string: 'changed' },
      { realPath },
    );
    await call(Write, { file_path: 'way/new', content: 'x' }, { realPath: path('allowed/new') });
    const grep = { pattern: '.', path: 'way', output_mode: 'content' };
    const found = await call(Grep, grep, { realPath: path('allowed') });
    if (!found.isError) expect(found.text).not.toContain('secret');
    forget();
  }
  expect([...seen].toSorted()).toEqual(['1\tfine', 'refused']);
  expect(readdirSync(path('secret'))).toEqual(['a', 'b']);
  expect(text('secret/a')).toBe('secret');
  expect(text('allowed/a')).toBe('fine');
});

it('a folder that becomes a link while it is searched or written in is not left by it', {
  timeout,
}, async () => {
  const { call, path } = folderWith({ 'top/in/mine': 'fine', 'out/other': 'secret' });
  await child('replacing', path('top/in'), path('out'));
  const seen = new Set<string>();
  const rounds = isFull() ? 5_000 : 60;
  for (let round = 0; round < rounds || seen.size < 2; round++) {
    const { text } = await call(Glob, { pattern: 'top/**' });
    expect(text).not.toContain('other');
    seen.add(text.includes('mine') ? 'found' : 'not there');
    const grep = { pattern: '.', path: 'top', output_mode: 'content' };
    expect((await call(Grep, grep)).text).not.toContain('secret');
    const file = `top/in/${round}/x`;
    await call(Write, { file_path: file, content: 'x' }, { realPath: path(file) });
  }
  expect(readdirSync(path('out'))).toEqual(['other']);
});
