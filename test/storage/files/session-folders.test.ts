/** What a deleted session had in folders: all of it goes, and nothing that is not its own. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { beforeEach, expect, it } from 'vitest';
import { sessionKey } from '../../../src/model/ids.ts';
import { removeSessionFolders } from '../../../src/storage/files/session-folders.ts';
import { folders } from '../folders.ts';

const folder = folders();
const KEY = sessionKey('t', 's');
let [dataDir, outside] = ['', ''];
let left: string[] = [];

beforeEach(() => {
  [dataDir, outside, left] = [folder(), folder(), []];
  writeFileSync(join(outside, 'kept.txt'), 'mine');
});

const made = (...names: readonly string[]): string => {
  const path = join(dataDir, ...names);
  mkdirSync(path, { recursive: true });
  return path;
};

const remove = (): Promise<void> =>
  removeSessionFolders({ dataDir }, KEY, (path, error) => left.push(`${path}: ${error.message}`));

it('its working directory goes wherever it is set to be', async () => {
  const workspaceDir = made('elsewhere');
  const inThere = made('elsewhere', 't', 's', 'deep');
  made('elsewhere', 't', 'other');
  const usual = made('workspaces', 't', 's');
  await removeSessionFolders({ dataDir, workspaceDir }, KEY, (path) => left.push(path));
  expect([inThere, usual].map((path) => existsSync(path))).toEqual([false, true]);
  expect(existsSync(join(workspaceDir, 't', 'other'))).toBe(true);
  expect(left).toEqual([]);
});

it('its working directory and its tools’ output go, others’ stay', async () => {
  for (const kind of ['workspaces', 'tool-output'])
    for (const session of ['s', 's-2', 'S2'])
      writeFileSync(join(made(kind, 't', session, 'deep', 'er'), 'a'), 'x');
  made('workspaces', 't2', 's');
  await remove();
  for (const kind of ['workspaces', 'tool-output'])
    expect(readdirSync(join(dataDir, kind, 't')).sort()).toEqual(['S2', 's-2']);
  expect(existsSync(join(dataDir, 'workspaces', 't2', 's'))).toBe(true);
  expect(left).toEqual([]);
});

it('a session without folders leaves nothing to do, however often it is asked', async () => {
  await remove();
  made('workspaces', 't');
  await remove();
  expect(left).toEqual([]);
});

it('links go as links: what they lead to is not touched', async () => {
  const path = made('workspaces', 't', 's', 'deep');
  symlinkSync(outside, join(path, 'folder'));
  symlinkSync(join(outside, 'kept.txt'), join(path, 'file'));
  symlinkSync('/nowhere', join(path, 'nowhere'));
  await remove();
  expect(existsSync(join(dataDir, 'workspaces', 't', 's'))).toBe(false);
  expect(readFileSync(join(outside, 'kept.txt'), 'utf8')).toBe('mine');
  expect(left).toEqual([]);
});

it('a link in place of the session’s folder goes, and one above it is not followed', async () => {
  made('workspaces', 't');
  symlinkSync(outside, join(dataDir, 'workspaces', 't', 's'));
  mkdirSync(join(outside, 's'));
  made('tool-output');
  symlinkSync(outside, join(dataDir, 'tool-output', 't'));
  await remove();
  expect(lstatSync(join(dataDir, 'workspaces', 't')).isDirectory()).toBe(true);
  expect(readdirSync(join(dataDir, 'workspaces', 't'))).toEqual([]);
  expect(readdirSync(outside).sort()).toEqual(['kept.txt', 's']);
  expect(left).toEqual([expect.stringContaining(join('tool-output', 't', 's'))]);
});

it('folders that were made read-only go, and names that are no text', async () => {
  const path = made('workspaces', 't', 's', 'cache');
  writeFileSync(join(path, 'module'), 'x');
  if (process.platform === 'linux')
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0xfe])]), 'x');
  chmodSync(path, 0o555);
  await remove();
  expect(existsSync(join(dataDir, 'workspaces', 't', 's'))).toBe(false);
  expect(left).toEqual([]);
});

it('what is too deep to be reached stays, and is told of', async () => {
  made('workspaces', 't', 's', ...Array.from({ length: 201 }, () => 'd'));
  made('tool-output', 't', 's');
  await remove();
  expect(left).toEqual([expect.stringContaining(join('workspaces', 't', 's'))]);
  expect(existsSync(join(dataDir, 'tool-output', 't', 's'))).toBe(false);
});
