import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { programFile } from '../../src/platform/compiled.ts';
import { paramsFor } from './rehearsing.ts';

const MAIN = programFile('rehearsal/main');

const children = new Set<ChildProcessWithoutNullStreams>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

const start = (...args: string[]) => {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe' });
  children.add(child);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<{ ready: boolean; url: string }>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
  });
  return { child, ended, ready };
};

// Compiled by `npm run build`, which `npm test` runs first.
describe.skipIf(!existsSync(MAIN))('the rehearsal as a child process', () => {
  it('says where it listens, and answers there', async () => {
    const { ready } = start();
    const { url, ...rest } = await ready;
    expect(rest).toEqual({ ready: true });
    const client = new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: 0 });
    expect((await client.messages.create(paramsFor('hello'))).stop_reason).toBe('end_turn');
  });

  it('ends when its stdin closes, even with a stalled stream', async () => {
    const { child, ended, ready } = start();
    const client = new Anthropic({ baseURL: (await ready).url, apiKey: 'any', maxRetries: 0 });
    const stream = client.messages.stream(paramsFor('[[rehearse: text=a stall-after=3]]'));
    const broken = expect(stream.done()).rejects.toThrow();
    await new Promise((resolve) => stream.once('text', resolve));
    child.stdin.end();
    expect(await ended).toBe(0);
    await broken;
  });

  it('ends on SIGTERM', async () => {
    const { child, ended, ready } = start();
    await ready;
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('takes the port that it is given, and fails with a sentence where it is taken', async () => {
    const first = start();
    const port = new URL((await first.ready).url).port;
    const second = start('--port', port);
    const said: string[] = [];
    second.child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    expect(await second.ended).toBe(1);
    expect(said.join('')).toMatch(/^rehearsal: .*EADDRINUSE/);
  });
});
