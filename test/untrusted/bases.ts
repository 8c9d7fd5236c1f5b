/** Sessions of every kind, as what other programs may hand over: exports, lines of transcripts, classic files. */
import type { Greenroom } from '../../src/index.ts';

export interface Bases {
  /** Lines of whole exports, parsed, without their last. */
  readonly exports: readonly (readonly unknown[])[];
  readonly transcript: readonly object[];
  readonly saved: object;
  readonly stored: readonly object[];
}

const at = (n: number): string => `2026-01-01T00:00:0${n}.000Z`;
const uuid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;

const lineOf = (n: number, type: 'user' | 'assistant', isSidechain = false) => ({
  ...{ type, uuid: uuid(n), parentUuid: n === 1 ? null : uuid(n - 1), isSidechain },
  ...{
    sessionId: 'foreign',
    timestamp: at(n),
    cwd: '/home/a',
    version: '2.1.80',
    gitBranch: 'main',
  },
  ...{ requestId: `req_${n}` },
  message:
    type === 'user'
      ? { role: 'user', content: `prompt ${n}` }
      : {
          ...{ id: `msg_${n}`, role: 'assistant', model: 'claude-sonnet-4-5', type: 'message' },
          content: [
            { type: 'text', text: `answer ${n}` },
            { type: 'tool_use', id: `toolu_${n}`, name: 'Bash', input: { command: 'ls' } },
          ],
          usage: {
            ...{ input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 3 },
            ...{ cache_creation_input_tokens: 4, server_tool_use: { web_search_requests: 1 } },
          },
        },
});

export const TRANSCRIPT: readonly object[] = [
  { type: 'summary', summary: 'what it was', leafUuid: uuid(2) },
  lineOf(1, 'user'),
  lineOf(2, 'assistant'),
  {
    ...{ type: 'user', uuid: uuid(3), parentUuid: uuid(2), sessionId: 'foreign', timestamp: at(3) },
    message: {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_2', content: 'a\nb', is_error: true }],
    },
  },
  lineOf(4, 'assistant'),
  { type: 'tag', tag: 'mine', sessionId: 'foreign' },
];

const SAVED = {
  session_id: 'saved',
  messages: [
    { type: 'system', data: { session_id: 'saved', model: 'claude-sonnet-4-5' } },
    { role: 'user', content: 'hello', id: 'm1', timestamp: at(1) },
    { role: 'assistant', content: [{ type: 'text', text: 'hi' }], id: 'm2', timestamp: at(2) },
    { type: 'result', data: { total_cost_usd: 0.5 } },
  ],
  metadata: { total_cost: 0.5, tags: ['a'], description: 'd', model: 'claude-sonnet-4-5' },
  ...{ created_at: at(1), updated_at: at(2) },
};

const STORED = [
  {
    type: 'metadata',
    timestamp: at(1),
    data: {
      ...{ model: 'claude-sonnet-4-5', working_directory: '/w', permission_mode: 'ask' },
      ...{ allowed_tools: ['Bash'], disallowed_tools: [], total_cost_usd: 1.5, num_turns: 2 },
      usage: { input_tokens: 5, output_tokens: 6 },
      compaction_state: { last_compaction_turn: 1, summary: 's', original_message_ids: ['m1'] },
    },
  },
  { type: 'message', data: { role: 'user', content: 'hello', id: 'm1', timestamp: at(1) } },
  {
    type: 'message',
    data: { role: 'assistant', content: 'hi', id: 'm2', timestamp: at(2), mood: 1 },
  },
];

const native = async (greenroom: Greenroom): Promise<void> => {
  const { sessions } = greenroom;
  await sessions.create('native', {
    ...{ title: 'Ünïcode ✓', tags: ['a', 'b'], metadata: { z: 1, a: [null, { y: 'x' }] } },
    ...{ limits: { maxTurns: 500, maxCostUsd: 100 }, retry: { maxRetries: 1 }, owner: 'ann' },
  });
  await sessions.append('native', [
    { role: 'user', content: 'quote " backslash \\ ,"message":{} end', id: 'm1' },
    { role: 'assistant', content: [{ type: 'text', text: 'ok' }] },
  ]);
  for (const prompt of ['[[rehearse: tool=Bash]] [[rehearse: text=done]]', 'and more'])
    for await (const _ of greenroom.turn('native', prompt));
  await sessions.compact('native', { summary: 'so far' });
  await sessions.append('native', [{ role: 'user', content: 'later', id: 'm3' }]);
  await sessions.compact('native', { summary: 'even later' });
  for await (const _ of greenroom.turn('native', 'and at last'));
  await sessions.fork('native', { newSessionId: 'fork', atSeq: 4 });
};

const foreign = async ({ api }: Greenroom): Promise<void> => {
  const lines = TRANSCRIPT.map((line) => JSON.stringify(line));
  const externalKey = 'claude-code/foreign';
  await api.session('foreign', 'import', { externalKey, fromLine: 0, lines });
  const side = [lineOf(5, 'user', true), lineOf(6, 'assistant', true)].map((line) =>
    JSON.stringify(line),
  );
  await api.session('foreign', 'import', {
    ...{ externalKey, fromLine: 0, lines: side, subpath: 'agent-1' },
  });
  const mirrored = { projectKey: 'p', sessionId: 'mirrored' };
  await api.sessions('mirror-append', { ...mirrored, entries: lines });
  await api.sessions('mirror-append', { ...mirrored, subpath: 'agent-1', entries: side });
};

const classic = async (greenroom: Greenroom): Promise<void> => {
  const store = greenroom.store();
  await store.createSession('classic', { workingDirectory: '/w', totalCostUsd: 1 });
  await store.appendMessage('classic', { role: 'user', content: 'hello', mood: 'good' });
  await store.appendMessage('classic', { role: 'system', content: 'be good' });
  await store.saveSession('saved', [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: [{ type: 'text', text: 'hi' }] },
    { type: 'result', data: { total_cost_usd: 0.25 } },
  ]);
};

export const linesOfExport = async (
  { sessions }: Greenroom,
  sessionId: string,
): Promise<readonly unknown[]> => {
  let text = '';
  for await (const piece of sessions.exportSession(sessionId)) text += piece;
  const lines = text.trimEnd().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as unknown);
};

/** Makes them in this Greenroom. */
export const basesIn = async (greenroom: Greenroom): Promise<Bases> => {
  await native(greenroom);
  await foreign(greenroom);
  await classic(greenroom);
  const exports: (readonly unknown[])[] = [];
  for (const id of ['native', 'fork', 'foreign', 'mirrored', 'classic', 'saved'])
    exports.push(await linesOfExport(greenroom, id));
  return { exports, transcript: TRANSCRIPT, saved: SAVED, stored: STORED };
};
