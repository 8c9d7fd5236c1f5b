/**
 * A session mends a failing test of a small repository, asked for over plain NATS. A person answers from another process,
 * and the daemon is killed twice: while it waits for that person, and while the model thinks.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withoutNatsServer } from '../support/nats.ts';
import { withClient } from './audit.ts';
import { DaemonProcess, DIST } from './daemon-process.ts';
import { processesOf } from './processes.ts';
import { until } from './waiting.ts';

const run = promisify(execFile);
const ROOT = 'greenroom.v1.default.session.mender';

const repository = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-repository-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'src/sum.js'), 'export const sum = (a, b) => a - b;\n');
  writeFileSync(
    join(folder, 'src/sum.test.js'),
    "import assert from 'node:assert';\nimport test from 'node:test';\nimport { sum } from './sum.js';\ntest('adds', () => assert.equal(sum(2, 3), 5));\n",
  );
  return folder;
};

const group = (text: string): string => `[[rehearse: ${text}]]`;
const tool = (name: string, input: object): string => `tool=${name} input=${JSON.stringify(input)}`;

/** What the model says, call by call. */
const script = (folder: string): string =>
  [
    group(tool('Bash', { command: 'node --test' })),
    group(tool('Read', { file_path: join(folder, 'src/sum.js') })),
    group(
      `wait-ms=1500 ${tool('Edit', { file_path: join(folder, 'src/sum.js'), old_string: 'a - b', new_string: 'a + b' })}`,
    ),
    group(tool('Bash', { command: 'node --test' })),
    group('text="The test passes now."'),
  ].join(' ');

describe.skipIf(withoutNatsServer())('a session with hands', () => {
  it('mends a failing test by itself, through two kills and a question to a person', {
    timeout: 240_000,
  }, async () => {
    const folder = repository();
    const daemon = new DaemonProcess();
    const cli = (...args: string[]) =>
      run(process.execPath, [join(DIST, 'cli/main.cjs'), '--data', daemon.dataDir, ...args]);
    let { natsUrl } = await daemon.start();
    const nc = await connect({ servers: natsUrl });
    const settings = { workingDirectory: folder, permissionMode: 'acceptEdits' };
    await nc.request(`${ROOT}.create`, JSON.stringify(settings), { timeout: 10_000 });
    const turn = { turnId: 'mend-1', prompt: `Mend the failing test. ${script(folder)}` };
    await nc.jetstream().publish(`${ROOT}.turn`, JSON.stringify(turn));
    const statusIs = (status: string) => () =>
      withClient(natsUrl, async (client) => {
        const { turn: found } = await client.session('mender', 'turn-status', { turnId: 'mend-1' });
        return found.status === status;
      }).catch(() => false);
    await until(statusIs('waiting'), 'the question to the person');
    await nc.close();
    await daemon.kill();

    ({ natsUrl } = await daemon.start());
    const waits = JSON.parse((await cli('--json', 'approvals', 'show', 'mender')).stdout);
    expect(waits).toMatchObject({ toolName: 'Bash', input: { command: 'node --test' } });
    await cli('approvals', 'allow', 'mender', '--for-session');
    const hasRead = async () =>
      withClient(natsUrl, async (client) => {
        const { session } = await client.session('mender', 'get', {});
        return session.toolCallCount === 2;
      }).catch(() => false);
    await until(hasRead, 'the file to be read');
    await daemon.kill();

    ({ natsUrl } = await daemon.start());
    await until(statusIs('completed'), 'the turn to end', 60_000);
    expect(readFileSync(join(folder, 'src/sum.js'), 'utf8')).toContain('a + b');
    const results = await withClient(natsUrl, async (client) => {
      const { entries } = await client.session('mender', 'messages', { limit: 100 });
      return entries.flatMap((entry) =>
        entry.type === 'message' && Array.isArray(entry.message.content)
          ? entry.message.content.filter(({ type }) => type === 'tool_result')
          : [],
      );
    });
    expect(results.map((block) => block['is_error'] === true)).toEqual([true, false, false, false]);
    expect(JSON.stringify(results.at(-1))).toMatch(/pass 1/);
    const { stdout } = await cli('send', 'mender', 'And?');
    expect(stdout).not.toBe('');
    await daemon.kill();
    await until(() => processesOf(folder).length === 0, 'its commands to be gone');
  });
});
