/** The classic models: defaults, both spellings of every value, and the plain form that files hold. */
import { describe, expect, test } from 'vitest';
import {
  CompactionState,
  effectiveMode,
  isTyped,
  Message,
  PermissionMode,
  SessionMetadata,
  SessionState,
} from '../../src/classic/models.ts';
import {
  deserializeCompactionState,
  deserializeMetadata,
  deserializeState,
  serializeCompactionState,
  serializeMetadata,
  serializeState,
} from '../../src/classic/serialization.ts';
import { SerializationError } from '../../src/model/errors.ts';

const NOW = '2024-01-15T10:30:00.000Z';

describe('PermissionMode', () => {
  test('permission modes have their classic spelling', () => {
    expect(PermissionMode.enum.enabled).toBe('enabled');
    expect(PermissionMode.enum.disabled).toBe('disabled');
    expect(PermissionMode.enum.ask).toBe('ask');
  });

  test.for([
    ['enabled', 'bypassPermissions'],
    ['disabled', 'dontAsk'],
    ['ask', 'default'],
    ['acceptEdits', 'acceptEdits'],
    ['default', 'default'],
  ] as const)('%s means %s, and is stored as it was given', ([given, means]) => {
    expect(effectiveMode(given)).toBe(means);
    const plain = serializeMetadata({ permissionMode: given });
    expect(plain['permission_mode']).toBe(given);
    expect(deserializeMetadata(plain).permissionMode).toBe(given);
  });

  test('an unknown mode is refused by its name', () => {
    const read = () => deserializeMetadata({ permission_mode: 'sometimes' });
    expect(read).toThrow(SerializationError);
    expect(read).toThrow(/"sometimes"/);
  });
});

describe('CompactionState', () => {
  test('a compaction state is what it was given', () => {
    const state = CompactionState.parse({
      lastCompactionTurn: 10,
      summary: 'Previous conversation about X',
      originalMessageIds: ['msg1', 'msg2', 'msg3'],
    });
    expect(state.lastCompactionTurn).toBe(10);
    expect(state.summary).toContain('X');
    expect(state.originalMessageIds).toHaveLength(3);
  });

  test('all its fields are required', () => {
    const plain = serializeCompactionState({
      lastCompactionTurn: 1,
      summary: 's',
      originalMessageIds: [],
    });
    for (const field of Object.keys(plain)) {
      const { [field]: _, ...rest } = plain;
      expect(() => deserializeCompactionState(rest)).toThrow(`compaction_state.${field}`);
    }
    expect(() => deserializeCompactionState('none')).toThrow(SerializationError);
  });
});

describe('SessionMetadata', () => {
  const defaults = {
    model: 'claude-sonnet-4-5-20250929',
    workingDirectory: '.',
    permissionMode: 'ask',
    allowedTools: [],
    disallowedTools: [],
    totalCostUsd: 0,
    numTurns: 0,
    usage: {},
    compactionState: null,
  };

  test('metadata have sensible defaults', () => {
    expect(SessionMetadata.parse({})).toEqual(defaults);
    expect(deserializeMetadata({})).toEqual(defaults);
  });

  test('no two metadata share their lists', () => {
    SessionMetadata.parse({}).allowedTools.push('Bash');
    expect(SessionMetadata.parse({}).allowedTools).toEqual([]);
  });

  test('metadata survive their plain form', () => {
    const original = SessionMetadata.parse({
      model: 'claude-opus-4',
      workingDirectory: '/tmp/test',
      permissionMode: 'enabled',
      totalCostUsd: 1.23,
      numTurns: 5,
      usage: { input_tokens: 100, output_tokens: 50 },
    });
    expect(deserializeMetadata(serializeMetadata(original))).toEqual(original);
  });

  test('their plain form has exactly the classic keys in their order', () => {
    expect(Object.keys(serializeMetadata({}))).toEqual([
      ...['model', 'working_directory', 'permission_mode', 'allowed_tools', 'disallowed_tools'],
      ...['total_cost_usd', 'num_turns', 'usage', 'compaction_state'],
    ]);
  });

  test('metadata keep their compaction', () => {
    const compactionState = {
      lastCompactionTurn: 15,
      summary: 'Early conversation summary',
      originalMessageIds: ['m1', 'm2'],
    };
    const plain = serializeMetadata({ compactionState });
    expect(plain['compaction_state']).toEqual({
      last_compaction_turn: 15,
      summary: 'Early conversation summary',
      original_message_ids: ['m1', 'm2'],
    });
    expect(deserializeMetadata(plain).compactionState).toEqual(compactionState);
  });

  test('what is no metadata is refused with the field that is wrong', () => {
    expect(() => serializeMetadata({ numTurns: -1 })).toThrow(/Failed to serialize.*numTurns.*-1/);
    expect(() => deserializeMetadata({ usage: [] })).toThrow(/usage/);
    expect(() => deserializeMetadata(null)).toThrow('metadata must be an object');
  });
});

describe('Message', () => {
  test('a message is what it was given, and made now', () => {
    const before = Date.now();
    const message = Message.parse({ role: 'user', content: 'Hello, Claude!', id: 'msg-123' });
    expect(message).toMatchObject({ role: 'user', content: 'Hello, Claude!', id: 'msg-123' });
    expect(Date.parse(message.timestamp)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(message.timestamp)).toBeLessThanOrEqual(Date.now());
    expect(isTyped(message)).toBe(false);
  });

  test('a date is a timestamp too', () => {
    const message = Message.parse({ role: 'user', content: '', timestamp: new Date(NOW) });
    expect(message.timestamp).toBe(NOW);
    const wrong = Message.safeParse({ role: 'user', content: '', timestamp: 'noon' });
    expect(wrong.error?.issues[0]?.message).toBe('Invalid timestamp format: noon');
  });
});

describe('SessionState', () => {
  const state = SessionState.parse({
    sessionId: 'test-session',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello!' },
      { type: 'result', data: { total_cost_usd: 1 } },
    ],
    metadata: { numTurns: 1 },
    createdAt: NOW,
    updatedAt: NOW,
  });

  test('a session state holds its parts', () => {
    expect(state.sessionId).toBe('test-session');
    expect(state.messages).toHaveLength(3);
    expect(state.metadata.numTurns).toBe(1);
    expect(state.messages.map(isTyped)).toEqual([false, false, true]);
  });

  test('a session state survives its plain form', () => {
    const plain = serializeState(state);
    expect(Object.keys(plain)).toEqual([
      ...['session_id', 'messages', 'metadata', 'created_at', 'updated_at'],
    ]);
    expect(deserializeState(JSON.parse(JSON.stringify(plain)))).toEqual(state);
  });

  test('a state without one of its parts is refused', () => {
    const plain = serializeState(state);
    for (const field of Object.keys(plain)) {
      const { [field]: _, ...rest } = plain;
      expect(() => deserializeState(rest)).toThrow(`Missing required field: ${field}`);
    }
    expect(() => deserializeState({ ...plain, messages: 'none' })).toThrow(/list/);
    expect(() => deserializeState({ ...plain, created_at: 'noon' })).toThrow(/noon/);
  });
});
