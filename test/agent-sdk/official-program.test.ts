/** A program of the official SDK with only its import changed, in a process of its own, which ends by itself. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startRehearsal } from '../../src/rehearsal/server.ts';
import { ROOT } from '../docs/readme.ts';

const TOOLS = [{ name: 'say', description: 'Says it.', inputSchema: { type: 'object' } }];
const OFFICIAL = "'@anthropic-ai/claude-agent-sdk'";

test('runs, with sessions that outlive its Greenrooms, and leaves no temporary folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-official-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const model = await startRehearsal();
  onTestFinished(() => model.close());
  const written = readFileSync(join(ROOT, 'test', 'agent-sdk', 'official-program.mjs'), 'utf8');
  const door = pathToFileURL(join(ROOT, 'dist', 'src', 'agent-sdk', 'index.js')).href;
  expect(written.split(OFFICIAL)).toHaveLength(2);
  const zod = import.meta.resolve('zod');
  const program = join(folder, 'program.mjs');
  writeFileSync(program, written.replace(OFFICIAL, `'${door}'`).replace("'zod'", `'${zod}'`));
  const [tools, ledger] = [join(folder, 'tools.json'), join(folder, 'ledger')];
  writeFileSync(tools, JSON.stringify(TOOLS));
  const server = join(ROOT, 'test', 'tools', 'mcp', 'server.mjs');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [program, server, tools, ledger],
    {
      cwd: folder,
      timeout: 60_000,
      env: {
        ...{ PATH: process.env['PATH'], HOME: folder, TMPDIR: temporary },
        ...{ ANTHROPIC_API_KEY: 'any', ANTHROPIC_BASE_URL: model.url },
        ...{ GREENROOM_MIN_FREE_MB: '0', GREENROOM_WORKERS: '1' },
      },
    },
  );
  expect(stdout.trim().split('\n')).toEqual([
    'assistant: The answer is 4.',
    'result: The answer is 4. true',
    'resumed: true success',
    'servers: echo connected,weather connected',
    'tool: [{"type":"text","text":"Bergen: 12 degrees"}]',
    'servers: echo connected,weather connected',
    'tool: "from a process"',
    'hook: Bash true false',
    'denied: Bash',
    'structured: number',
    'true',
  ]);
  expect(stderr).toBe('');
  expect(readdirSync(temporary).filter((name) => name.includes('query'))).toEqual([]);
});
