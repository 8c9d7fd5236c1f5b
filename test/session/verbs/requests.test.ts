import { expect, it } from 'vitest';
import { newMessages } from '../../../src/session/verbs/requests.ts';

it('bodies of many messages are one piece of memory, and each is its message', () => {
  const messages = Array.from({ length: 80 }, (_, at) => ({
    role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: `${at}: ${'what was said before, '.repeat(30)}`,
  }));
  const made = newMessages(messages, 0);
  expect(made.map(({ body }) => JSON.parse(body.toString()))).toEqual(messages);
  expect(new Set(made.map(({ body }) => body.buffer)).size).toBe(1);
});
