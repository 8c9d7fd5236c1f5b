/** Messages that are too long for a request for a summary lose the ends of their texts; their order and pairs stay. */
import { expect, it } from 'vitest';
import { shortened } from '../../../src/session/prepare/shortened.ts';
import { validateMessagesRequest } from '../../support/api-rules.ts';

const long = 'x'.repeat(50_000);
const MESSAGES = [
  { role: 'user', content: [{ type: 'text', text: long }] },
  {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: long, signature: 's' },
      { type: 'tool_use', id: 't1', name: 'Bash', input: { command: long } },
    ],
  },
  {
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: long }] },
      {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(9_000) },
      },
    ],
  },
  { role: 'assistant', content: [{ type: 'thinking', thinking: long, signature: 's' }] },
  { role: 'user', content: 'a short one' },
];
const bodies = MESSAGES.map((message) => Buffer.from(JSON.stringify(message)));

it('fits, and is what the API takes', () => {
  const short = shortened(bodies, 20_000);
  const size = short.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(size).toBeLessThan(20_000);
  const messages = short.map((body) => JSON.parse(Buffer.from(body).toString()));
  expect(validateMessagesRequest({ model: 'claude-opus-5', max_tokens: 1, messages })).toEqual([]);
  expect(messages.at(-1)).toEqual(MESSAGES.at(-1));
  expect(JSON.stringify(messages)).toContain('more characters');
});

it('leaves alone what fits', () => {
  expect(shortened(bodies, 1_000_000)).toBe(bodies);
});
