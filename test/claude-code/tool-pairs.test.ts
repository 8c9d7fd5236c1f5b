/** Tool uses whose ids repeat: each is sent with its own result, under an id that is there once. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validateMessagesRequest } from '../support/api-rules.ts';
import { rounds } from '../support/rounds.ts';
import { type OfficialView, officialView } from './official.ts';
import { assistant, bytes, call, result, said, user } from './records.ts';
import { type Message, seenOf, short } from './views.ts';

const RUNS = process.env['GREENROOM_FULL'] ? 2_000 : rounds(60);

let official: OfficialView;
beforeAll(() => {
  official = officialView();
});
afterAll(() => official.close());

const use = (id: string, command: string) => ({
  type: 'tool_use',
  id,
  name: 'Bash',
  input: { command },
});

/** Which command each id asked for, and what its result says. */
const pairsOf = (messages: readonly Message[]): string[] => {
  const blocks = messages.flatMap(
    ({ content }) => content,
  ) as readonly (Message['content'][number] & {
    readonly input?: { readonly command: string };
  })[];
  return blocks.flatMap(({ type, id, input }) => {
    if (type !== 'tool_use') return [];
    const results = blocks.filter((block) => block.tool_use_id === id);
    return [`${id} ${input?.command}: ${results.map(({ content }) => content).join(' and ')}`];
  });
};

const faultsOf = (messages: readonly Message[]) =>
  validateMessagesRequest({
    model: 'claude-sonnet-5-5',
    max_tokens: 1_024,
    messages: [...messages, { role: 'user', content: 'go on' }],
  });

const view = (records: readonly object[]): Message[] => {
  const messages = seenOf(records.map(bytes));
  expect(faultsOf(messages)).toEqual([]);
  return messages;
};

const INTERRUPTED = 'The tool was interrupted and gave no result.';

test('an id that each turn uses anew is answered by each with its own result', () => {
  const messages = view([
    user('a', null, 'list'),
    assistant('b', 'a', 'm1', use('call_0', 'ls')),
    user('c', 'b', [result('call_0', 'a.ts')]),
    assistant('d', 'c', 'm2', use('call_0', 'pwd')),
    user('e', 'd', [result('call_0', '/srv')]),
    assistant('f', 'e', 'm3', use('call_0', 'id')),
    user('g', 'f', [result('call_0', 'root')]),
  ]);
  expect(pairsOf(messages)).toEqual(['call_0 ls: a.ts', 'call_0_2 pwd: /srv', 'call_0_3 id: root']);
});

test('two uses of one id in one response are answered in their order', () => {
  const messages = view([
    user('a', null, 'list'),
    assistant('b', 'a', 'm1', use('call_0', 'ls')),
    assistant('c', 'b', 'm1', use('call_0', 'pwd')),
    user('d', 'c', [result('call_0', 'a.ts')]),
    user('e', 'd', [result('call_0', '/srv')]),
  ]);
  expect(pairsOf(messages)).toEqual(['call_0 ls: a.ts', 'call_0_2 pwd: /srv']);
});

test('two uses on one line that are the same to the letter are two', () => {
  const line = assistant('b', 'a', 'm1', use('call_0', 'date'));
  const twice = { ...line.message, content: [use('call_0', 'date'), use('call_0', 'date')] };
  const messages = view([
    user('a', null, 'what time is it'),
    { ...line, message: twice },
    user('c', 'b', [result('call_0', 'one'), result('call_0', 'two')]),
  ]);
  expect(pairsOf(messages)).toEqual(['call_0 date: one', 'call_0_2 date: two']);
});

test('parallel uses hang beside the chain in a later turn too, under the ids of the first', () => {
  const turn = (n: number, parent: string | null) => [
    user(`${n}p`, parent, `turn ${n}`),
    assistant(`${n}a`, `${n}p`, `m${n}`, use('call_0', `ls ${n}`)),
    assistant(`${n}b`, `${n}a`, `m${n}`, use('call_1', `pwd ${n}`)),
    user(`${n}r`, `${n}a`, [result('call_0', `files ${n}`)]),
    user(`${n}s`, `${n}b`, [result('call_1', `folder ${n}`)]),
    assistant(`${n}z`, `${n}s`, `n${n}`, said(`done ${n}`)),
  ];
  expect(pairsOf(view([...turn(1, null), ...turn(2, '1z')]))).toEqual([
    'call_0 ls 1: files 1',
    'call_1 pwd 1: folder 1',
    'call_0_2 ls 2: files 2',
    'call_1_2 pwd 2: folder 2',
  ]);
});

test('a use that was interrupted does not take the result of the next one of its id', () => {
  const messages = view([
    user('a', null, 'list'),
    assistant('b', 'a', 'm1', use('call_0', 'sleep')),
    user('c', 'b', 'stop, list'),
    assistant('d', 'c', 'm2', use('call_0', 'ls')),
    user('e', 'd', [result('call_0', 'a.ts')]),
  ]);
  expect(pairsOf(messages)).toEqual([`call_0 sleep: ${INTERRUPTED}`, 'call_0_2 ls: a.ts']);
});

test('a made name is never one that the transcript has, nor one that was spelled anew', () => {
  const ids = ['call_0', 'call.0', 'call_0', 'call_0_2', ''];
  const records = ids.flatMap((id, n) => [
    assistant(`u${n}`, n === 0 ? 'p' : `r${n - 1}`, `m${n}`, use(id, `c${n}`)),
    user(`r${n}`, `u${n}`, [result(id, `o${n}`)]),
  ]);
  expect(pairsOf(view([user('p', null, 'go'), ...records]))).toEqual([
    'call_0 c0: o0',
    'call_0_3 c1: o1',
    'call_0_4 c2: o2',
    'call_0_2 c3: o3',
    'tool_use c4: o4',
  ]);
});

test('of two results of one use the last counts, and ids of their own stay as they are', () => {
  const records = [
    user('a', null, 'read'),
    assistant('b', 'a', 'm1', call('toolu_1')),
    user('c', 'b', [result('toolu_1', 'first')]),
    user('d', 'c', [result('toolu_1', 'second')]),
  ];
  const messages = view(records);
  expect(short(messages)).toEqual(['user read', 'assistant call:toolu_1', 'user result:toolu_1']);
  expect(messages.at(-1)?.content[0]?.content).toBe('second');
});

test('what was sent once is sent alike when the transcript has grown', () => {
  const records = [...turns([1, 2, 1])];
  const whole = view(records);
  const before = view(records.slice(0, -4));
  expect(whole.slice(0, before.length)).toEqual(before);
});

/** In each turn so many uses, called `call_0` and on, each on its line and answered on one of its own. */
const turns = (counts: readonly number[]): readonly { readonly uuid: string }[] => {
  let parent: string | null = null;
  const records: { readonly uuid: string }[] = [];
  const say = (
    make: (uuid: string, parent: string | null) => { readonly uuid: string },
  ): string => {
    const record = make(`r${records.length}`, parent);
    records.push(record);
    parent = record.uuid;
    return record.uuid;
  };
  for (const [turn, count] of counts.entries()) {
    say((uuid, p) => user(uuid, p, `turn ${turn}`));
    const ids = Array.from({ length: count }, (_, n) => `call_${n}`);
    for (const id of ids)
      say((uuid, p) => assistant(uuid, p, `m${turn}`, use(id, `${turn} ${id}`)));
    for (const id of ids) say((uuid, p) => user(uuid, p, [result(id, `of ${turn} ${id}`)]));
    say((uuid, p) => assistant(uuid, p, `n${turn}`, said('done')));
  }
  return records;
};

test('all pairs that the official view has are there, however many turns use the same ids', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 }),
      async (counts) => {
        const records = turns(counts);
        const theirs = new Set(await official.of(records.map(bytes)));
        expect(records.filter(({ uuid }) => !theirs.has(uuid))).toEqual([]);
        const expected = counts.flatMap((count, turn) =>
          Array.from({ length: count }, (_, n) => `${turn} call_${n}: of ${turn} call_${n}`),
        );
        const pairs = pairsOf(view(records)).map((pair) => pair.replace(/^\S+ /, ''));
        expect(pairs).toEqual(expected);
      },
    ),
    { numRuns: RUNS },
  );
}, 600_000);
