/** Classic messages as entries of the journal: what goes in comes out, and the model sees its part of it. */
import { expect, test } from 'vitest';
import { entryOf, messagesOf as messagesWith } from '../../src/classic/entries.ts';
import type { StoredMessage } from '../../src/classic/models.ts';
import { onlyObjectOf } from '../../src/claude-code/read-line.ts';
import type { Entry } from '../../src/model/entry.ts';
import { modelMessages } from '../../src/session/context/model-messages.ts';

const messagesOf = (entry: Entry): StoredMessage[] => messagesWith(entry, onlyObjectOf);

const NOW = Date.UTC(2025, 0, 1);
const at = '2025-01-01T00:00:00.000Z';

const MESSAGES: readonly StoredMessage[] = [
  { type: 'system', data: { session_id: 's' } },
  { role: 'user', content: 'Hi', id: null, timestamp: at },
  { role: 'assistant', content: [{ type: 'text', text: 'Hello' }], id: 'm', timestamp: at },
  { role: 'user', content: 'More', id: 'x', timestamp: '2025-01-01T01:00:00.123456+01:00', n: [1] },
  { type: 'assistant', data: { message: { content: 'Typed' } } },
  { role: 'tool', content: 'aside', id: null, timestamp: at },
  { type: 'assistant', data: 'nothing to say' },
];

const entriesOf = (messages: readonly StoredMessage[]): Entry[] =>
  messages.map((message, index) => ({ ...entryOf(message, NOW), seq: index + 1 }));

test('every message comes back as it was', () => {
  expect(entriesOf(MESSAGES).flatMap(messagesOf)).toEqual(MESSAGES);
});

test('the model sees what users and assistants said, typed or not, and nothing else', () => {
  const seen = modelMessages(entriesOf(MESSAGES)).messages.map((body) =>
    Buffer.from(body).toString(),
  );
  expect(seen.map((text) => JSON.parse(text).role)).toEqual([
    ...['user', 'assistant', 'user', 'assistant'],
  ]);
  expect(seen.join()).not.toMatch(/aside|session_id|nothing to say|timestamp/);
});

const line = (text: string): Entry => ({
  ...{ kind: 'imported', seq: 1, atMs: NOW },
  body: Buffer.from(text),
});

test('what is no message of theirs shows nothing, or what it is', () => {
  const view: Entry = {
    ...{ kind: 'view', seq: 1, atMs: NOW },
    view: { type: 'repair', afterSeq: 1, toolUseIds: [] },
  };
  expect(messagesOf(view)).toEqual([]);
  const body = Buffer.from('{"role":"assistant","content":"half"}');
  expect(
    messagesOf({ kind: 'message', seq: 1, atMs: NOW, role: 'assistant', body, isPartial: true }),
  ).toEqual([]);
  expect(messagesOf(line('{"type":"user","uuid":"u"}'))).toEqual([{ type: 'user', uuid: 'u' }]);
  expect(messagesOf(line('not json'))).toEqual([{ type: 'unknown', line: 'not json' }]);
  expect(messagesOf(line('{"role":7,"type":"odd"}'))).toEqual([
    { type: 'unknown', line: '{"role":7,"type":"odd"}' },
  ]);
});

test('a record behind a byte order mark or NULs is shown as the one that it is', () => {
  const record = { type: 'user', uuid: 'u', message: { role: 'user', content: 'hi' } };
  for (const lead of ['\ufeff', '\0\0\0'])
    expect(messagesOf(line(lead + JSON.stringify(record)))).toEqual([record]);
  const two = JSON.stringify(record).repeat(2);
  expect(messagesOf(line(two))).toEqual([{ type: 'unknown', line: two }]);
});
