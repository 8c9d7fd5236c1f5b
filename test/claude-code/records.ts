/** Transcript records for tests, written by hand: only what a test says differs from a plain one. */

export const SESSION = '11111111-1111-4111-8111-111111111111';

interface Fields {
  readonly [name: string]: unknown;
}

export const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** A user record. `parent` null: the first of a chain. */
export const user = (uuid: string, parent: string | null, content: unknown, more: Fields = {}) => ({
  type: 'user',
  uuid,
  parentUuid: parent,
  isSidechain: false,
  sessionId: SESSION,
  timestamp: '2026-08-01T10:00:00.000Z',
  cwd: '/home/dev/demo',
  version: '2.1.220',
  message: { role: 'user', content },
  ...more,
});

/** An assistant record with one block of the response `id`. */
export const assistant = (
  uuid: string,
  parent: string | null,
  id: string,
  block: unknown,
  more: Fields = {},
) => ({
  type: 'assistant',
  uuid,
  parentUuid: parent,
  isSidechain: false,
  sessionId: SESSION,
  timestamp: '2026-08-01T10:00:01.000Z',
  version: '2.1.220',
  requestId: `req_${id}`,
  message: { id, role: 'assistant', model: 'claude-opus-5', content: [block] },
  ...more,
});

/** The same with usage: `output` tokens, and nothing else. */
export const answered = (uuid: string, id: string, output: number, more: Fields = {}) => ({
  ...assistant(uuid, null, id, said('…')),
  message: {
    id,
    role: 'assistant',
    model: 'claude-opus-5',
    content: [said('…')],
    usage: { input_tokens: 0, output_tokens: output },
  },
  ...more,
});

export const link = (uuid: string, parent: string | null, type: string, more: Fields = {}) => ({
  type,
  uuid,
  parentUuid: parent,
  isSidechain: false,
  sessionId: SESSION,
  timestamp: '2026-08-01T10:00:02.000Z',
  ...more,
});

export const said = (text: string) => ({ type: 'text', text });
export const thought = (signature: string) => ({ type: 'thinking', thinking: 'hm', signature });
export const call = (id: string) => ({ type: 'tool_use', id, name: 'Read', input: {} });
export const result = (id: string, content: unknown = `result of ${id}`) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
});
