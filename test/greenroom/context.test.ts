/** A session stays within what its model reads at once: by itself, within a turn, and when the API has refused a prompt. */
import { describe, expect, it } from 'vitest';
import type { Script } from '../../src/rehearsal/endpoints.ts';
import { textAnswer } from '../../src/rehearsal/answer.ts';
import { lastText, type Options, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';

const WINDOW = 4_000;
const ASKED = 'Sum up this conversation';

/** Sums up when it is asked to, by the number of the summary. */
const summing = (other: Script = () => undefined): Script => {
  let made = 0;
  return (request) => {
    if (!lastText(request).includes(ASKED)) return other(request);
    made += 1;
    return textAnswer(`SUMMARY ${made}`);
  };
};

const small = (options: Options = {}): Promise<TestGreenroom> =>
  testGreenroom({ script: summing(), contextTokens: WINDOW, ...options });

const settings = { context: { windowTokens: WINDOW } };
const said = (role: 'user' | 'assistant', content: string) => ({ role, content });
const dialogue = (messages: number, length = 200) =>
  Array.from({ length: messages }, (_, n) =>
    said(n % 2 === 0 ? 'user' : 'assistant', `word ${n + 1}. ${'x'.repeat(length)}`),
  );

describe('a session that outgrows its window', () => {
  it('is summed up before the model call that would be too long, and goes on', async () => {
    const test = await small();
    await test.sessions.create('s', settings);
    await test.sessions.append('s', dialogue(40));
    const events = await test.run('s', 'go on');
    expect(events.map(({ type }) => type)).toEqual([
      ...['turn.accepted', 'turn.started', 'compacting', 'compacted', 'delta', 'message'],
      'turn.finished',
    ]);
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    expect(test.lastCall).toContain('SUMMARY 1');
    expect(test.lastCall).toContain('word 40.');
    expect(test.lastCall).not.toContain('word 1.');
    const { entries } = await test.sessions.messages('s');
    expect(JSON.stringify(entries)).toContain('word 1.');
  });
});
