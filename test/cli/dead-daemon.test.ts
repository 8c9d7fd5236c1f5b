/** The command line while its daemon dies and comes back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Script } from '../../src/rehearsal/endpoints.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { gate, until } from '../support/until.ts';
import { ended, Installation, MAIN, START_MS } from './installation.ts';
import { jsonLines } from './run-cli.ts';

interface Event {
  readonly type: string;
  readonly seq?: number;
}

const ready = async (here: Installation, daemon: ChildProcess): Promise<void> => {
  await vi.waitFor(
    () => expect(JSON.parse(readFileSync(here.daemonFile, 'utf8')).pid).toBe(daemon.pid),
    { timeout: START_MS },
  );
};

/** A command whose output is read while it runs. */
const running = (here: Installation, ...args: string[]) => {
  const child = spawn(process.execPath, [MAIN, ...args], { env: here.env, cwd: here.folder });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  return { child, said };
};

/** First a tool, then a text whose second word waits: for whatever is told in between. */
const script =
  (until: Promise<unknown>): Script =>
  ({ body }) => {
    const content = body.messages.at(-1)?.content;
    const isAnswered = Array.isArray(content) && content.some(({ type }) => type === 'tool_result');
    return isAnswered
      ? {
          kind: 'message',
          content: [{ type: 'text', text: 'first second' }],
          chunks: 2,
          gate: { afterEvents: 3, until },
        }
      : { kind: 'message', content: [{ type: 'tool_use', name: 'look', input: {} }] };
  };

describe.skipIf(withoutNatsServer())('a daemon that is killed in the middle of two turns', () => {
  const here = new Installation();
  const { opened, open } = gate();
  let rehearsal: Rehearsal;
  let daemon: ChildProcess | undefined;
  const start = (): ChildProcess =>
    here.start({ ANTHROPIC_BASE_URL: rehearsal.url, ANTHROPIC_API_KEY: 'any' });

  beforeAll(async () => {
    rehearsal = await startRehearsal({ script: script(opened) });
  });
  afterAll(async () => {
    daemon?.kill('SIGKILL');
    await rehearsal.close();
  });

  test('is noticed and found again; each is told to its end, its messages once', async () => {
    daemon = start();
    await ready(here, daemon);
    const people = running(here, 'send', 'one', 'Hello', '--turn-id', 't1');
    const program = running(here, 'send', 'two', 'Hello', '--turn-id', 't2', '--json');
    await until(() => people.said.out.includes('first') && program.said.out.includes('"delta"'));
    daemon.kill('SIGKILL');
    await ended(daemon);
    await until(() => people.said.err.includes('the daemon is away'));
    expect(people.said.err).toContain('the turn t1 is safe and goes on');
    daemon = start();
    await ready(here, daemon);
    open();
    await Promise.all([people, program].map(({ child }) => ended(child)));
    expect([people.child.exitCode, program.child.exitCode]).toEqual([0, 0]);
    expect(people.said.err).toContain('the daemon is back');
    expect(people.said.out).toMatch(/first second\n$/);

    const events = jsonLines(program.said.out) as Event[];
    expect(events.at(-1)).toMatchObject({ type: 'turn.finished', status: 'completed' });
    const { out } = await here.call(['sessions', 'messages', 'two', '--json']);
    const [prompted, ...answers] = (jsonLines(out) as Event[])
      .filter(({ type }) => type === 'message')
      .map(({ seq }) => seq);
    expect(events.flatMap(({ type, seq }) => (type === 'message' ? [seq] : []))).toEqual(answers);
    expect(answers).toHaveLength(3);
    expect(events.find(({ type }) => type === 'turn.accepted')?.seq).toBe(prompted);
  }, 60_000);
});
