/** Messages as plain objects and as JSON. */
import { describe, expect, test } from 'vitest';
import { Message, type NewMessage } from '../../src/classic/models.ts';
import {
  deserializeMessage,
  deserializeMessageFromJson,
  deserializeMessagesBatch,
  deserializeStored,
  fromJson,
  serializeMessage,
  serializeMessagesBatch,
  serializeMessageToJson,
  serializeStored,
} from '../../src/classic/serialization.ts';
import { SerializationError } from '../../src/model/errors.ts';

describe('serializing', () => {
  test('a text message has its four keys', () => {
    const data = serializeMessage({ role: 'user', content: 'Hello, world!', id: 'msg-123' });
    expect(Object.keys(data)).toEqual(['role', 'content', 'id', 'timestamp']);
    expect(data).toMatchObject({ role: 'user', content: 'Hello, world!', id: 'msg-123' });
  });

  test('blocks of content stay blocks', () => {
    const content = [
      { type: 'text', text: "Here's the result:" },
      { type: 'tool_use', id: 'tool-1', name: 'calculator' },
    ];
    const data = serializeMessage({ role: 'assistant', content, id: 'msg-456' });
    expect(data['content']).toEqual(content);
  });

  test('a message without an id has a null one', () => {
    expect(serializeMessage({ role: 'user', content: 'Test' })['id']).toBeNull();
  });

  test('a message becomes a line of JSON, not escaping what is not ASCII', () => {
    const json = serializeMessageToJson({
      role: 'user',
      content: 'JSON test ü 世界',
      id: 'json-1',
    });
    expect(JSON.parse(json)).toMatchObject({ role: 'user' });
    expect(json).toContain('ü 世界');
    expect(json).not.toContain('\n');
  });

  test('a batch keeps its order', () => {
    const messages = ['m1', 'm2', 'm3'].map((id) => ({ role: 'user', content: id, id }));
    expect(serializeMessagesBatch(messages).map(({ id }) => id)).toEqual(['m1', 'm2', 'm3']);
  });

  test('a batch of nothing becomes nothing', () => {
    expect(serializeMessagesBatch([])).toEqual([]);
  });

  test('what is no message is refused', () => {
    const wrong = { role: 'user', content: 7 } as unknown as NewMessage;
    expect(() => serializeMessage(wrong)).toThrow(SerializationError);
    expect(() => serializeMessage(wrong)).toThrow(/Failed to serialize message: content/);
  });

  test('what JSON cannot say is refused', () => {
    const block: Record<string, unknown> = { type: 'text' };
    block['self'] = block;
    const message = { role: 'user', content: [block] };
    expect(() => serializeMessageToJson(message)).toThrow(/JSON encoding failed/);
    expect(() => serializeMessageToJson({ role: 'user', content: [{ n: 1n }] })).toThrow(
      SerializationError,
    );
  });
});

describe('deserializing', () => {
  test('a plain object becomes a message', () => {
    const message = deserializeMessage({
      role: 'user',
      content: 'Hello',
      id: 'msg-789',
      timestamp: '2024-01-15T10:30:00',
    });
    expect(message).toEqual({
      role: 'user',
      content: 'Hello',
      id: 'msg-789',
      timestamp: '2024-01-15T10:30:00Z',
    });
  });

  test('blocks come back as blocks', () => {
    const content = [{ type: 'text', text: 'Result' }];
    const timestamp = '2024-01-15T10:30:00';
    const data = { role: 'assistant', content, id: 'msg-999', timestamp };
    expect(deserializeMessage(data).content).toEqual(content);
  });

  test('a missing role is named', () => {
    expect(() => deserializeMessage({ content: 'Hello' })).toThrow('Missing required field: role');
  });

  test('a missing content is named', () => {
    expect(() => deserializeMessage({ role: 'user' })).toThrow('Missing required field: content');
  });

  test('a timestamp that is none is told', () => {
    const data = { role: 'user', content: 'Hello', timestamp: 'not-a-timestamp' };
    expect(() => deserializeMessage(data)).toThrow(SerializationError);
    expect(() => deserializeMessage(data)).toThrow('Invalid timestamp format: not-a-timestamp');
    expect(() => deserializeMessage({ ...data, timestamp: 17 })).toThrow(/Invalid timestamp/);
  });

  test('without a timestamp it is from now, and without an id it has none', () => {
    for (const timestamp of [undefined, null, '']) {
      const message = deserializeMessage({ role: 'user', content: 'Hello', timestamp });
      expect(Date.now() - Date.parse(message.timestamp)).toBeLessThan(60_000);
      expect(message.id).toBeNull();
    }
  });

  test('a line of JSON becomes a message', () => {
    const json =
      '{"role": "assistant", "content": "Test", "id": "json-2", "timestamp": "2024-01-15T10:00:00"}';
    expect(deserializeMessageFromJson(json)).toMatchObject({ role: 'assistant', content: 'Test' });
  });

  test('what is no JSON is refused', () => {
    expect(() => deserializeMessageFromJson('{not valid json}')).toThrow(SerializationError);
    expect(() => deserializeMessageFromJson('{not valid json}')).toThrow('JSON decoding failed: ');
    expect(() => deserializeMessageFromJson('[]')).toThrow('message must be an object');
    expect(() => fromJson('')).toThrow(SerializationError);
    expect(() => fromJson('['.repeat(100_000))).toThrow(SerializationError);
  });

  test('a batch becomes messages', () => {
    const messages = deserializeMessagesBatch([
      { role: 'user', content: 'Msg 1', id: 'm1', timestamp: '2024-01-15T10:00:00' },
      { role: 'assistant', content: 'Msg 2', id: 'm2', timestamp: '2024-01-15T10:01:00' },
    ]);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
  });

  test('nothing becomes an empty list', () => {
    expect(deserializeMessagesBatch([])).toEqual([]);
  });
});

describe('there and back', () => {
  test('every field of a message survives', () => {
    const original = Message.parse({
      role: 'assistant',
      content: [{ type: 'text', text: 'Roundtrip test' }],
      id: 'msg-roundtrip',
      timestamp: new Date(Date.UTC(2024, 0, 15, 12)),
      stop_reason: 'end_turn',
      deep: { list: [null, 1.5] },
    });
    expect(deserializeMessage(serializeMessage(original))).toEqual(original);
    expect(deserializeMessageFromJson(serializeMessageToJson(original))).toEqual(original);
  });

  test('every message of a batch survives', () => {
    const originals = ['First', 'Second'].map((content, at) =>
      Message.parse({ role: at === 0 ? 'user' : 'assistant', content, id: `${at + 1}` }),
    );
    expect(deserializeMessagesBatch(serializeMessagesBatch(originals))).toEqual(originals);
  });

  test('a typed message stays as it is', () => {
    const typed = { type: 'system', data: { session_id: 's', deep: [{ n: null }] } };
    expect(deserializeStored(JSON.parse(JSON.stringify(serializeStored(typed))))).toEqual(typed);
    expect(() => deserializeStored({ data: {} })).toThrow('Missing required field: role');
  });
});
