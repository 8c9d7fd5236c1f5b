import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeResponse, type ResponseRecord } from '../../src/claude-code/response-record.ts';
import {
  copiesInOnePass,
  emptyFacts,
  foldChunk,
  nameOf,
  type TranscriptFacts,
  titleOf,
} from '../../src/claude-code/transcript-facts.ts';
import { rounds } from '../support/rounds.ts';
import { loadCorpora } from './corpora.ts';
import { answered, assistant, bytes, call, link, result, SESSION, user } from './records.ts';

const factsOf = (...records: readonly unknown[]): TranscriptFacts =>
  foldChunk(emptyFacts, records.map(bytes)).facts;

const title = (type: string, field: string, text: string) => ({
  type,
  [field]: text,
  sessionId: SESSION,
});

describe('the title', () => {
  const custom = title('custom-title', 'customTitle', 'Mine');
  const ai = (text: string) => title('ai-title', 'aiTitle', text);

  test("a person's beats the model's, whichever came last", () => {
    expect(titleOf(factsOf(custom, ai('Generated')))).toBe('Mine');
  });

  test('the last of a kind wins', () => {
    expect(titleOf(factsOf(ai('First'), ai('Second')))).toBe('Second');
  });

  test('of old summaries the one whose record is here is taken', () => {
    const summary = (text: string, leafUuid: string) => ({
      type: 'summary',
      summary: text,
      leafUuid,
    });
    const facts = factsOf(
      summary('Other', 'x'),
      summary('This', 'a'),
      summary('Third', 'y'),
      user('a', null, 'hi'),
    );
    expect(titleOf(facts)).toBe('This');
    expect(titleOf(factsOf(summary('Other', 'x'), summary('Third', 'y')))).toBeUndefined();
    expect(titleOf(factsOf(summary('Only', 'x')))).toBe('Only');
  });
});

describe('what a session is called when nothing names it', () => {
  const called = (content: unknown, more = {}) => nameOf(factsOf(user('a', null, content, more)));
  const command =
    '<command-message>brief is running…</command-message>\n<command-name>/brief</command-name>';

  test('is the slash command as it was typed, with its arguments', () => {
    expect(called(command)).toBe('/brief');
    expect(called(`${command}\n<command-args>the  week\nin short</command-args>`)).toBe(
      '/brief the  week\nin short',
    );
    expect(called(`${command}\n<command-args></command-args>`)).toBe('/brief');
    expect(called('<command-message>brief</command-message>')).toBe('/brief');
  });

  test('is what was typed beside what the editor put in', () => {
    const opened = { type: 'text', text: '<ide_opened_file>The user opened x</ide_opened_file>' };
    expect(called([opened, { type: 'text', text: 'fix it' }])).toBe('fix it');
    expect(factsOf(user('a', null, [opened])).numTurns).toBe(0);
  });

  test('is as it was typed where that only looks like markup', () => {
    expect(called('<div> does not close')).toBe('<div> does not close');
    expect(called('say <command-name>/x</command-name>')).toBe(
      'say <command-name>/x</command-name>',
    );
  });

  test('has no markup where older facts kept it', () => {
    expect(nameOf({ ...emptyFacts, firstPrompt: `${command}\n<command-args>the we` })).toBe(
      '/brief the we',
    );
  });

  test('has no markup where a title was made of such a prompt', () => {
    expect(titleOf(factsOf(title('custom-title', 'customTitle', command)))).toBe('/brief');
  });
});

describe('rows that were written again', () => {
  const rows = [
    user('a', null, 'hi'),
    assistant('b', 'a', 'm1', call('t1')),
    user('c', 'b', [{ ...result('t1'), is_error: true }]),
    user('s', null, 'go', { isSidechain: true, agentId: 'x1' }),
    link('e', 'c', 'system', { subtype: 'api_error' }),
  ];

  test('count once, whatever is counted', () => {
    const { lines, byType, sessionIds: _, ...once } = factsOf(...rows);
    expect(factsOf(...rows, ...rows.slice(1), ...rows)).toMatchObject(once);
    expect(once).toMatchObject({ numTurns: 1, messageCount: 3, toolCallCount: 1, errorCount: 2 });
    expect({ lines, byType }).toEqual({ lines: 5, byType: { user: 3, assistant: 1, system: 1 } });
  });

  test('cannot be told from others without a uuid', () => {
    const { uuid: _, ...row } = user('a', null, 'hi');
    expect(factsOf(row, row).numTurns).toBe(2);
  });
});

describe('prompts that count', () => {
  const counts = (...args: Parameters<typeof user>) => factsOf(user(...args)).numTurns === 1;

  test('are what somebody typed, as a string or as text blocks', () => {
    expect(counts('a', null, 'hi')).toBe(true);
    expect(counts('a', null, [{ type: 'text', text: 'hi' }])).toBe(true);
  });

  test('are not what the client put in the place of the user', () => {
    const INJECTED = [
      '<command-name>/model</command-name>',
      '<local-command-stdout>x',
      'Caveat: x',
      '[Request interrupted by user]',
    ];
    for (const words of INJECTED) expect(counts('a', null, words)).toBe(false);
    expect(counts('a', null, 'hi', { isMeta: true })).toBe(false);
    expect(counts('a', null, 'hi', { isCompactSummary: true })).toBe(false);
    expect(counts('a', null, 'hi', { isSidechain: true })).toBe(false);
    expect(counts('a', null, [result('toolu_1')])).toBe(false);
  });

  test('are what the record says they are, where it says so', () => {
    expect(counts('a', null, '<command-name>', { promptSource: 'typed' })).toBe(true);
    expect(counts('a', null, 'hi', { promptSource: 'system' })).toBe(false);
    expect(counts('a', null, 'hi', { origin: { kind: 'task-notification' } })).toBe(false);
  });
});

describe('the facts', () => {
  test('count messages, tool calls and errors of the main chain and of sub-agents', () => {
    const failed = { ...result('toolu_1'), is_error: true };
    const facts = factsOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('toolu_1')),
      user('c', 'b', [failed]),
      user('s', null, 'go', { isSidechain: true, agentId: 'x1' }),
    );
    expect(facts).toMatchObject({
      messageCount: 3,
      sideMessageCount: 1,
      toolCallCount: 1,
      errorCount: 1,
      agentId: 'x1',
      byType: { user: 3, assistant: 1 },
    });
  });

  test('name the tools that were called, each once, by sub-agents too', () => {
    const use = (name: unknown) => ({ type: 'tool_use', id: `t_${name}`, name, input: {} });
    const facts = factsOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', use('Read')),
      assistant('c', 'b', 'm1', use('mcp__github__list')),
      assistant('d', 'c', 'm2', use('read')),
      assistant('e', null, 'm3', use('Bash'), { isSidechain: true, agentId: 'x1' }),
      ...[5, '', null, 'x'.repeat(300)].map((name, n) => assistant(`f${n}`, 'd', 'm4', use(name))),
    );
    expect(facts.toolsUsed).toEqual(['Read', 'mcp__github__list', 'Bash']);
    expect(facts.toolCallCount).toBe(8);
  });

  test('name no tools where none was called', () => {
    const facts = factsOf(
      user('a', null, [{ ...result('t1'), name: 'Bash' }]),
      answered('b', 'm1', 1),
      { type: 'tool_use', name: 'Bash', uuid: 'c', parentUuid: 'b' },
    );
    expect(facts.toolsUsed).toBeUndefined();
  });

  test('of an older version, which named no tools, name those that come', () => {
    const older = factsOf(assistant('a', null, 'm1', call('t1')));
    const { toolsUsed: _, ...stored } = older;
    const more = assistant('b', 'a', 'm2', { ...call('t2'), name: 'Bash' });
    expect(foldChunk(stored, [bytes(more)]).facts).toMatchObject({
      ...{ toolCallCount: 2, toolsUsed: ['Bash'] },
    });
  });

  test('take times from chained records alone, whatever their order', () => {
    const facts = factsOf(
      user('a', null, 'hi', { timestamp: '2026-08-01T12:00:00Z' }),
      user('b', 'a', 'hi', { timestamp: '2026-08-01T11:00:00Z' }),
      { type: 'queue-operation', timestamp: '2026-08-09T00:00:00Z', sessionId: SESSION },
    );
    expect(facts.firstAtMs).toBe(Date.parse('2026-08-01T11:00:00Z'));
    expect(facts.lastAtMs).toBe(Date.parse('2026-08-01T12:00:00Z'));
  });

  test('name the directory where it began, the last branch, the last model', () => {
    const facts = factsOf(
      user('a', null, 'hi', { cwd: '/one', gitBranch: 'main' }),
      user('b', 'a', 'hi', { cwd: '/two', gitBranch: 'fix' }),
      answered('c', 'm1', 1),
    );
    expect(facts).toMatchObject({ cwd: '/one', gitBranch: 'fix', model: 'claude-opus-5' });
  });

  test('keep the tag until it is taken off', () => {
    const tag = (name: string | null) => ({ type: 'tag', tag: name, sessionId: SESSION });
    expect(factsOf(tag('one'), tag('two')).tags).toEqual(['two']);
    expect(factsOf(tag('one'), tag(null)).tags).toEqual([]);
  });

  test('mark versions that logged too little output', () => {
    const of = (version: string) =>
      factsOf(answered('a', 'm1', 1, { version })).isOutputUnderReported;
    expect(['2.0.76', '2.1.42'].map(of)).toEqual([true, true]);
    expect(['1.0.98', '2.1.91', '2.1.232'].map(of)).toEqual([false, false, false]);
  });

  test('remember the line of the last compaction', () => {
    const boundary = link('c', null, 'system', { subtype: 'compact_boundary' });
    expect(factsOf(user('a', null, 'hi'), boundary).compactBoundaryLine).toBe(2);
  });

  test('say where a session went on, until it goes on here', () => {
    const gone = { type: 'continued-in', sessionId: SESSION, continuedInSessionId: 'next' };
    expect(factsOf(gone).continuedIn).toBe('next');
    expect(factsOf(gone, user('a', null, 'hi')).continuedIn).toBeNull();
  });

  test('count lines that are broken or hold two objects', () => {
    const two = JSON.stringify(user('a', null, 'x')) + JSON.stringify(user('b', 'a', 'y'));
    expect(factsOf(two, '{"type":"us', '')).toMatchObject({
      lines: 3,
      recovered: 1,
      malformed: 1,
      messageCount: 2,
    });
  });
});

describe.each(loadCorpora())('$name', ({ samples }) => {
  const small = samples.filter((sample) => sample.lines.length < 300);

  test.each(small)('$file: cut anywhere, the chunks add up to the whole', ({ lines }) => {
    const whole = foldChunk(emptyFacts, lines);
    const cuts = fc.uniqueArray(fc.nat(lines.length), { maxLength: 6 });
    fc.assert(
      fc.property(cuts, (points) => {
        const chunked = inChunks(
          lines,
          [...points].sort((a, b) => a - b),
        );
        expect(chunked.facts).toEqual(whole.facts);
        expect(chunked.responses).toEqual(whole.responses);
      }),
      { numRuns: rounds(10) },
    );
  });

  test.each(small)('$file: the facts survive being stored as JSON', ({ lines }) => {
    const { facts } = foldChunk(emptyFacts, lines);
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  });
});

/** As an importer does it: facts stored between the chunks, one record kept per response. */
const inChunks = (lines: readonly Uint8Array[], points: readonly number[]) => {
  const responses = new Map<string, ResponseRecord>();
  const isCopy = copiesInOnePass();
  let facts = emptyFacts;
  for (const [index, point] of [...points, lines.length].entries()) {
    const chunk = lines.slice(points[index - 1] ?? 0, point);
    const folded = foldChunk(JSON.parse(JSON.stringify(facts)), chunk, undefined, isCopy);
    facts = folded.facts;
    for (const [key, record] of folded.responses)
      responses.set(key, mergeResponse(responses.get(key), record).record);
  }
  return { facts, responses };
};
