/** The JSON files of the two older programs. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jsonFileKind, readJsonFile, savedJson } from '../../src/classic/json-file.ts';
import { SerializationError } from '../../src/model/errors.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/classic/${name}`, import.meta.url), 'utf8');

describe('a file of the GenServer store', () => {
  const text = fixture('saved.json');

  test('is known by its messages', () => {
    expect(jsonFileKind(JSON.parse(text))).toBe('saved');
  });

  test('is read whole, its typed messages verbatim', () => {
    const state = readJsonFile(text);
    expect(state.messages).toEqual(JSON.parse(text).messages);
    expect(state).toMatchObject({
      sessionId: 'saved-1',
      createdAt: '2025-10-01T08:00:00.123456Z',
      updatedAt: '2025-10-05T12:00:00.000000Z',
      tags: ['code-review', 'security'],
      description: 'Nightly review',
      metadata: { model: 'claude-opus-4', totalCostUsd: 0.25, numTurns: 1 },
    });
  });

  test('is written with the same keys and values', () => {
    const { messages, ...facts } = JSON.parse(savedJson(readJsonFile(text)));
    const { messages: original, ...told } = JSON.parse(text);
    expect(messages).toEqual(original);
    expect(Object.keys(facts.metadata)).toEqual(Object.keys(told.metadata));
    expect(sameTimes(facts)).toEqual(sameTimes(told));
  });

  test('is read by what stands in its messages where nothing is told', () => {
    const { messages, created_at } = JSON.parse(text);
    const state = readJsonFile(JSON.stringify({ session_id: 's', messages, created_at }));
    expect(state.metadata).toMatchObject({ model: 'claude-opus-4', totalCostUsd: 0.25 });
    expect(state.updatedAt).toBe(state.createdAt);
    expect(state.tags).toEqual([]);
  });
});

const sameTimes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll('+00:00', 'Z'));

describe('a file of the persistent client', () => {
  const text = fixture('conversation.json');

  test('is known by its conversation', () => {
    expect(jsonFileKind(JSON.parse(text))).toBe('conversation');
  });

  test('is read whole', () => {
    const state = readJsonFile(text);
    expect(state).toMatchObject({
      sessionId: '2aecab00-6512-4e29-9da3-9321cac6eb2a',
      createdAt: '2025-07-30T15:25:31.069594Z',
      updatedAt: '2025-07-30T15:27:45.123456Z',
      metadata: {
        ...{ model: 'claude-opus-4', workingDirectory: '/path/to/working/dir' },
        ...{ permissionMode: 'acceptEdits', allowedTools: ['Read'], numTurns: 1 },
        totalCostUsd: 0.01,
      },
    });
    expect(state.messages[0]).toMatchObject({ role: 'user', content: 'What is 2+2?', id: null });
    expect(state.messages.slice(1)).toEqual(JSON.parse(text).conversation_history.slice(1));
  });
});

describe('anything else', () => {
  test.for(['{}', '[]', 'null', '{"messages":"none"}', '{', '{"messages":[]}'])(
    '%s is refused',
    (text) => {
      expect(() => readJsonFile(text)).toThrow(SerializationError);
    },
  );

  test('a session without its times is refused', () => {
    expect(() => readJsonFile('{"session_id":"s","messages":[]}')).toThrow(/timestamp/);
  });
});
