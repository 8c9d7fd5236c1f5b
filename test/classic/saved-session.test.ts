/** What a save stores of the messages that it is given. */
import { expect, test } from 'vitest';
import { savedSession } from '../../src/classic/saved-session.ts';

test.each([
  ['messages', 'text', []],
  ['messages', null, []],
  ['messages', new Set(), []],
  ['tags', [], 'abc'],
  ['tags', [], null],
])('%s that are no list are refused by code, and none is taken for one', (name, messages, tags) => {
  const save = () => savedSession(messages as never, { tags: tags as never });
  expect(save).toThrow(`${name} must be a list`);
  expect(save).toThrow(expect.objectContaining({ code: 'serialization_failed' }));
});
