/** `daemon.json` while the daemon runs: written again when somebody takes it away, and only ours is removed. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KeptFile } from '../../src/app/kept-file.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { createLog } from '../../src/platform/log.ts';

const setUp = () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'daemon.json');
  const clock = virtualClock();
  const said: string[] = [];
  const log = createLog({ pretty: false, write: (line) => said.push(line) });
  const daemon = { pid: process.pid, version: '1.2.3', startedAt: '2026-11-20T12:00:00.000Z' };
  return { path, clock, said, file: new KeptFile(path, daemon, log, clock) };
};

test('it is written again when somebody takes it away, with a line of the log', async () => {
  const { path, clock, said, file } = setUp();
  rmSync(path);
  await clock.advance(2_000);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(said).toEqual([expect.stringContaining('was gone: it is written again')]);
  file.remove();
  expect(existsSync(path)).toBe(false);
  await clock.advance(10_000);
  expect(existsSync(path)).toBe(false);
});

test('another daemon’s is left where it is', () => {
  const { path, file } = setUp();
  const other = { pid: process.pid + 1, version: '1.2.3', startedAt: '2026-11-20T12:00:00.000Z' };
  writeFileSync(path, JSON.stringify(other));
  file.remove();
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(other);
});
