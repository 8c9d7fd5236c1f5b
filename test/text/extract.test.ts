import { expect, test } from 'vitest';
import { piecesOf, type Scope } from '../../src/text/extract.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const said = (content: unknown, scope: Scope = 'talk') =>
  piecesOf('message', bytes({ role: 'user', content }), scope);
const line = (value: unknown, scope: Scope = 'talk') => piecesOf('imported', bytes(value), scope);

const TOOLS = [
  { type: 'thinking', thinking: 'secret thoughts' },
  { type: 'text', text: 'I look.' },
  { type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls', deep: [{ path: '/srv' }] } },
  { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'a.txt' }] },
  { type: 'tool_result', tool_use_id: 'u', content: 'plain' },
];

test('what was said is the text of a message, whole or in blocks', () => {
  expect(said('Hello')).toEqual(['Hello']);
  expect(
    said([
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ]),
  ).toEqual(['one', 'two']);
});

test('tools and thinking are not said; with `all` what went into tools and came out is there too', () => {
  expect(said(TOOLS)).toEqual(['I look.']);
  expect(said(TOOLS, 'all')).toEqual(['I look.', 'ls', '/srv', 'a.txt', 'plain']);
});

test('of an imported line it is what people read as talk', () => {
  expect(line({ type: 'user', message: { role: 'user', content: 'Hi' } })).toEqual(['Hi']);
  expect(line({ type: 'assistant', message: { content: TOOLS } })).toEqual(['I look.']);
  expect(line({ type: 'user', isMeta: true, message: { content: 'for the model' } })).toEqual([]);
  expect(line({ type: 'system', content: 'a note' })).toEqual([]);
});

test('what is no JSON, or nested without end, says nothing', () => {
  expect(piecesOf('imported', Buffer.from('{oops'), 'talk')).toEqual([]);
  expect(piecesOf('message', Buffer.from('[null]'), 'talk')).toEqual([]);
  expect(piecesOf('imported', Buffer.from('['.repeat(5_000)), 'all')).toEqual([]);
});
