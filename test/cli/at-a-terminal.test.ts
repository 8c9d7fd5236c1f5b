/** The program at a real terminal: what it asks, what Ctrl-C does. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Running, startWithBroker } from '../docs/running.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { MAIN } from './installation.ts';

/** `script` of util-linux gives its program a terminal. */
const withoutScript = (): boolean => {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) return false;
  console.log('skipped: no script of util-linux was found, which gives a test its terminal');
  return true;
};

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

describe.skipIf(withoutNatsServer() || withoutScript())('at a terminal', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithBroker();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  const started = (words: readonly string[], more: Record<string, string> = {}) => {
    const command = [process.execPath, MAIN, ...words].map(quoted).join(' ');
    const { PATH } = process.env;
    const env = { PATH, TERM: 'xterm', HOME: '/nowhere', NATS_URL: running.natsUrl, ...more };
    const child = spawn('script', ['-qefc', `stty cols 60; exec ${command}`, '/dev/null'], { env });
    onTestFinished(() => void child.kill('SIGKILL')); // its terminal goes, and with it what runs there
    const terminal = { shown: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      terminal.shown += chunk.toString();
    });
    const sees = (text: string) => until(() => terminal.shown.includes(text));
    /** At the prompt, where keys are read: between prompts the terminal itself takes Ctrl-D, and it is gone. */
    const asks = () => until(() => terminal.shown.endsWith('> \u001b[3G'));
    const types = (text: string) => void child.stdin.write(text);
    const ends = async () => {
      if (child.exitCode === null) await once(child, 'close');
      return child.exitCode;
    };
    return { terminal, sees, asks, types, ends };
  };

  test('deleting asks first, and no is no', async () => {
    const { sessions } = running.greenroom;
    await sessions.create('precious', { title: 'Do not lose' });
    const no = started(['sessions', 'delete', 'preci']);
    await no.sees('Delete 1 session? [y/N]');
    expect(no.terminal.shown).toContain('precious  0 turns  Do not lose');
    no.types('n\r');
    expect(await no.ends()).toBe(1);
    expect((await sessions.get('precious')).title).toBe('Do not lose');
    const yes = started(['sessions', 'delete', 'preci']);
    await yes.sees('[y/N]');
    yes.types('y\r');
    expect(await yes.ends()).toBe(0);
    await expect(sessions.get('precious')).rejects.toMatchObject({ code: 'session_deleted' });
  });

  test('Ctrl-C twice in send cancels the turn, and once leaves it', async () => {
    const words = 'One '.repeat(400);
    const prompt = `[[rehearse: text="${words}" chunks=400 delay-ms=250]]`;
    const cancelled = started(['send', 'busy', prompt, '--turn-id', 'c1']);
    await cancelled.sees('One');
    cancelled.types('\u0003');
    await cancelled.sees('the turn goes on without you');
    cancelled.types('\u0003');
    expect(await cancelled.ends()).toBe(1);
    expect((await running.greenroom.sessions.turnStatus('busy', 'c1')).status).toBe('cancelled');
    const left = started(['send', 'busy', prompt, '--turn-id', 'c2']);
    await left.sees('One');
    left.types('\u0003');
    expect(await left.ends()).toBe(130);
    expect((await running.greenroom.sessions.turnStatus('busy', 'c2')).status).toBe('running');
    await running.greenroom.sessions.cancel('busy');
  });

  test('without its program there is no pager, and the transcript is shown', async () => {
    await running.greenroom.sessions.create('plain');
    await running.greenroom.sessions.append('plain', [{ role: 'user', content: 'shown at once' }]);
    const shown = started(['sessions', 'messages', 'plain', '--text'], {
      PAGER: 'no-such-pager --fast',
    });
    expect(await shown.ends()).toBe(0);
    expect(shown.terminal.shown).toContain('shown at once');
    expect(shown.terminal.shown).not.toContain('not found');
  });

  test.each(['\u0003', '\u0004'])(
    'a question that is left by %j is answered with no',
    async (key) => {
      await running.greenroom.sessions.create('stays').catch(() => undefined);
      const asked = started(['sessions', 'delete', 'stays']);
      await asked.sees('[y/N]');
      asked.types(key);
      expect(await asked.ends()).toBe(1);
      expect(asked.terminal.shown).toContain('nothing was deleted');
      expect(asked.terminal.shown).not.toContain('crash report');
      expect((await running.greenroom.sessions.get('stays')).status).toBe('created');
    },
  );

  test('a list is as wide as the terminal, and a transcript goes through the pager', async () => {
    const { sessions } = running.greenroom;
    await sessions.create('5a3bb1c8-c3ce-466e-b487-24212cbf1da1', { title: 'x'.repeat(200) });
    await sessions.create('said');
    await sessions.append('said', [{ role: 'user', content: 'for the pager' }]);
    const list = started(['sessions', 'list']);
    expect(await list.ends()).toBe(0);
    const rows = list.terminal.shown.split(/\r?\n/);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(60);
    const paged = started(['sessions', 'messages', 'said', '--text', '--last', '1'], {
      PAGER: 'sed s/^/paged:/',
    });
    expect(await paged.ends()).toBe(0);
    expect(paged.terminal.shown).toContain('paged:  for the pager');
  });

  test('a chat streams, asks, cancels by Ctrl-C, goes on later, and is left', async () => {
    const chat = started(['chat', 'talk']);
    await chat.sees('talk begins with your first message');
    await chat.sees('> ');
    chat.types('[[rehearse: text="Some **bold** words"]]\r');
    await chat.sees('Some \u001b[1mbold\u001b[0m words');
    await chat.sees(' s)');
    chat.types(`[[rehearse: text="${'Long '.repeat(400)}" chunks=400 delay-ms=250]]\r`);
    await chat.sees('2004lLong '); // the answer, not the echo of what was typed
    chat.types('\u0003');
    await chat.sees('cancelled, ');
    chat.types('first line\\\r');
    await chat.sees('… ');
    chat.types('second line\r');
    await chat.sees('first line');
    await until(async () => (await running.greenroom.sessions.get('talk')).numTurns === 3);
    await until(async () => (await running.greenroom.sessions.get('talk')).status === 'idle');
    chat.types('/cost\r');
    await chat.sees('3 turns, tokens');
    await chat.asks();
    chat.types('\u0004');
    await chat.sees('chat --resume talk');
    expect(await chat.ends()).toBe(0);
    const { entries } = await running.greenroom.sessions.messages('talk');
    expect(JSON.stringify(entries)).toContain('first line\\nsecond line');
    const again = started(['chat', '--resume', 'talk']);
    await again.sees('3 turns');
    await again.sees('> ');
    again.types('\u001b[A\u0003'); // the last message once more, and not sent
    await again.sees('first line\r\nsecond line');
    await again.sees('2004l\u001b[?2004h\u001b[1G\u001b[0J> ');
    again.types('\u0003');
    await again.sees('Ctrl-C once more leaves');
    again.types('\u0003');
    expect(await again.ends()).toBe(0);
  }, 60_000);
});
