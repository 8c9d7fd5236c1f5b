/**
 * A long imported history is made ready for the model on a thread of its own: nothing of it is parsed by the main
 * thread, and what happens in the meantime is not lost.
 */
import { expect, it, onTestFinished, vi } from 'vitest';
import { historianName } from '../../src/session/context/historian.ts';
import { MAX_INLINE_BYTES } from '../../src/session/context/history.ts';
import { modelMessages, type SeenEntry } from '../../src/session/context/model-messages.ts';
import { assistant, bytes, user } from '../claude-code/records.ts';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { unmarked } from '../support/unmarked.ts';
import { gate, until } from '../support/until.ts';

const PADDING = 'a line of what was said. '.repeat(19);

/** A conversation of so many exchanges, as a transcript's lines. */
const transcript = (exchanges: number): string[] =>
  Array.from({ length: exchanges }, (_, n) => [
    user(`u${n}`, n === 0 ? null : `a${n - 1}`, `question ${n}: ${PADDING}`),
    assistant(`a${n}`, `u${n}`, `msg_${n}`, { type: 'text', text: `answer ${n}: ${PADDING}` }),
  ])
    .flat()
    .map((record) => JSON.stringify(record));

const LINES = transcript(400);
const size = LINES.reduce((sum, line) => sum + line.length, 0);

const importing = async (test: TestGreenroom, sessionId: string, lines: readonly string[]) => {
  const chunk = {
    subpath: '',
    externalKey: 'elsewhere',
    fromLine: 0,
    lines: [...lines],
  };
  await test.greenroom.api.session(sessionId, 'import', chunk);
};

/** The messages of the last model call. */
const seen = (test: TestGreenroom): unknown[] => unmarked(JSON.parse(test.lastCall).messages);

const expected = (lines: readonly string[]): unknown[] =>
  modelMessages(
    lines.map((line, at) => ({ kind: 'imported', seq: at + 1, body: bytes(line) }) as const),
  ).messages.map((message) => JSON.parse(Buffer.from(message).toString()));

const historianOf = (test: TestGreenroom) => test.node('executors', 'historian').ref;

it('sends the same history as one that is read at once', async () => {
  expect(size).toBeGreaterThan(2 * MAX_INLINE_BYTES);
  const test = await testGreenroom();
  await importing(test, 'long', LINES);
  expect((await test.run('long', 'And now?')).at(-1)).toMatchObject({ status: 'completed' });
  const messages = seen(test);
  expect(messages.slice(0, -1)).toEqual(expected(LINES));
  expect(messages.at(-1)).toMatchObject({ role: 'user' });
});

it('has nothing of it parsed by the main thread', async () => {
  const test = await testGreenroom();
  await importing(test, 'long', LINES);
  await test.restart();
  let parsed = 0;
  const parse = JSON.parse;
  vi.spyOn(JSON, 'parse').mockImplementation((text: string, reviver) => {
    parsed += text.includes('"parentUuid"') ? text.length : 0;
    return parse(text, reviver);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  expect((await test.run('long', 'And now?')).at(-1)).toMatchObject({ status: 'completed' });
  expect(parsed).toBe(0);
});

it('takes in what is queued while the history is read', async () => {
  const test = await testGreenroom();
  await importing(test, 'long', LINES);
  await test.restart();
  const turns = ['first', 'second', 'third'].map((prompt) => test.run('long', prompt));
  for (const turn of turns) expect((await turn).at(-1)).toMatchObject({ status: 'completed' });
  const messages = seen(test);
  expect(messages.slice(0, LINES.length)).toEqual(expected(LINES));
  expect(messages.slice(LINES.length).map((message) => (message as { role: string }).role)).toEqual(
    ['user', 'assistant', 'user', 'assistant', 'user'],
  );
});

it('cancels a turn whose history is being read', async () => {
  const test = await testGreenroom();
  await importing(test, 'long', LINES);
  await test.restart();
  const turn = test.begin('long', 'And now?', { turnId: 't1' });
  await turn.saw('turn.accepted');
  await test.sessions.cancel('long', 't1');
  expect((await turn.done).at(-1)).toMatchObject({ type: 'turn.finished' });
  expect((await test.run('long', 'Again')).at(-1)).toMatchObject({ status: 'completed' });
});

it('cancels a turn whose history waits to be read', async () => {
  const test = await testGreenroom();
  await importing(test, 'long', LINES);
  await test.restart();
  const historian = test.greenroom.system.fetch(historianName);
  const { opened, open } = gate();
  const before = async (): Promise<readonly SeenEntry[]> => {
    await opened;
    return [];
  };
  const built = historian.build(before, { model: 'any' });
  const turn = test.begin('long', 'And now?', { turnId: 't1' });
  await turn.saw('turn.started');
  await test.sessions.cancel('long', 't1');
  expect((await turn.done).at(-1)).toMatchObject({ type: 'turn.finished', status: 'cancelled' });
  open();
  await built;
  expect((await test.run('long', 'Again')).at(-1)).toMatchObject({ status: 'completed' });
});

it('reads it again when the historian dies over it', async () => {
  const test = await testGreenroom();
  await importing(test, 'long', LINES);
  await test.restart();
  const turn = test.begin('long', 'And now?');
  await turn.saw('turn.started');
  const before = historianOf(test);
  if (before !== null && before !== undefined) test.greenroom.system.exit(before, 'kill');
  await until(() => ![undefined, null, before].includes(historianOf(test)));
  expect((await turn.done).at(-1)).toMatchObject({ status: 'completed' });
  expect(seen(test).slice(0, -1)).toEqual(expected(LINES));
});
