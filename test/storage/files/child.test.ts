import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtFile } from '../../../src/platform/compiled.ts';
import { startTimeOf } from '../../../src/platform/process-start.ts';
import { patienceFor, runChild } from '../../../src/storage/files/child.ts';
import { folders } from '../folders.ts';
import { until } from '../until.ts';

describe('a script in a process of its own', () => {
  const folder = folders();

  const script = (text: string): string => {
    const path = join(folder(), 'script.mjs');
    writeFileSync(path, text);
    return path;
  };

  it('gives what it said', async () => {
    const path = script('process.stdout.write(process.argv[2])');
    expect(await runChild(path, ['hello'], 60_000)).toEqual({ out: 'hello', failure: null });
  });

  it('gives it whole where a character comes in two parts', async () => {
    const path = script(`
      const [first, ...rest] = Buffer.from('é');
      process.stdout.write(Buffer.of(first));
      setTimeout(() => process.stdout.write(Buffer.from(rest)), 100); // so that they come apart
    `);
    expect(await runChild(path, [], 60_000)).toEqual({ out: 'é', failure: null });
  });

  it('that ends badly is told of by its last words', async () => {
    const path = script("throw new TypeError('of what it died')");
    const { failure } = await runChild(path, [], 60_000);
    expect(failure).toBe('code 1: TypeError: of what it died');
  });

  it('that does not end is killed when its time is over', async () => {
    const path = script('setInterval(() => {}, 1000)');
    expect(await runChild(path, [], 1_000)).toEqual({
      out: '',
      failure: 'no end after 1 seconds',
    });
  });

  it('ends with its parent, when that is told to end', async () => {
    const note = join(folder(), 'pid');
    const child = script(`
      import { renameSync, writeFileSync } from 'node:fs';
      writeFileSync(process.argv[2] + '.new', String(process.pid));
      renameSync(process.argv[2] + '.new', process.argv[2]);
      setInterval(() => {}, 1000);`);
    const parent = script(`
      import { existsSync } from 'node:fs';
      import { runChild } from ${JSON.stringify(builtFile('src/storage/files/child.js'))};
      void runChild(${JSON.stringify(child)}, [${JSON.stringify(note)}], 60_000);
      setInterval(() => existsSync(${JSON.stringify(note)}) && process.exit(0), 5);`);
    execFileSync(process.execPath, [parent]);
    const pid = Number(readFileSync(note, 'utf8'));
    await until(() => startTimeOf(pid) === undefined);
  });

  it('that reads a file has the longer the larger the file is', () => {
    const path = script('x'.repeat(100_000));
    expect(patienceFor(path) - patienceFor(join(folder(), 'none'))).toBe(20);
  });
});
