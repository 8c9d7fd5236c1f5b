/** What is read from a list of messages, typed or with roles. */
import { describe, expect, test } from 'vitest';
import {
  type AnyMessage,
  calculateCost,
  countTurns,
  extractSessionId,
  modelOf,
  modelView,
  summarize,
} from '../../src/classic/transcript.ts';

const typed: AnyMessage[] = [
  { type: 'system', data: { session_id: 'first', model: 'm' } },
  { type: 'system', data: { session_id: 'second' } },
  { type: 'user', data: { message: { content: 'Hi' } } },
  { type: 'assistant', data: { message: { content: [{ type: 'tool_use', name: 'Read' }] } } },
  { type: 'assistant', data: { message: { content: [{ type: 'text', text: 'Hello' }] } } },
  { type: 'result', data: { total_cost_usd: 0.5 } },
  { type: 'result', data: { total_cost_usd: 9 } },
];

const withRoles: AnyMessage[] = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', type: 'message', content: 'Hello there' },
];

describe('from messages is read', () => {
  test('the session of the first system message', () => {
    expect(extractSessionId(typed)).toBe('first');
    expect(extractSessionId(withRoles)).toBeNull();
    expect(extractSessionId([{ type: 'system' }, ...typed])).toBeNull();
  });

  test('the cost of the first result', () => {
    expect(calculateCost(typed)).toBe(0.5);
    expect(calculateCost(withRoles)).toBe(0);
    expect(calculateCost([{ type: 'result', data: { total_cost_usd: 'much' } }])).toBe(0);
  });

  test('the number of assistant messages', () => {
    expect(countTurns(typed)).toBe(2);
    expect(countTurns(withRoles)).toBe(1);
    expect(countTurns([])).toBe(0);
  });

  test('the first assistant text, 200 whole characters of it', () => {
    expect(summarize(typed)).toBe('Hello');
    expect(summarize(withRoles)).toBe('Hello there');
    expect(summarize([])).toBeNull();
    const long = summarize([{ role: 'assistant', content: '🎭'.repeat(300) }]);
    expect([...(long ?? '')]).toHaveLength(200);
    expect(long).toBe('🎭'.repeat(200));
  });

  test('the model', () => {
    expect(modelOf(typed)).toBe('m');
    expect(modelOf(withRoles)).toBeUndefined();
  });

  test('what the model is shown: neither system messages nor results', () => {
    expect(modelView([...typed, ...withRoles]).map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'assistant', 'user', 'assistant'],
    ]);
    expect(
      modelView([
        { type: 'assistant', data: {} },
        { role: 'tool', content: '' },
      ]),
    ).toEqual([]);
  });
});
