/** What an export, a mirror, a transcript or a classic file says, and is not believed: refused with the place named. */
import { describe, expect, it } from 'vitest';
import { EMPTY_DIGEST, nextDigest } from '../../src/claude-code/digest.ts';
import type { GreenroomError } from '../../src/model/errors.ts';
import { classicExport, stateOfLines } from '../../src/session/transfer/classic-export.ts';
import { sharedGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { basesIn, linesOfExport, TRANSCRIPT } from './bases.ts';

type Line = { type: string; [field: string]: unknown };

const restore = (test: TestGreenroom, id: string, lines: readonly unknown[]) => {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  const digest = texts.reduce((sum, line) => nextDigest(sum, Buffer.from(line)), EMPTY_DIGEST);
  const all = [...texts, JSON.stringify({ type: 'end', lines: texts.length, digest })];
  return test.greenroom.api.session(id, 'import-session', { fromLine: 0, lines: all });
};

const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'taken',
    (error: GreenroomError) => ({ code: error.code, ...error.details }),
  );

const shared = sharedGreenroom();

const ofType = (lines: readonly Line[], type: string): Line => {
  const line = lines.find((each) => each.type === type);
  if (line === undefined) throw new Error(`there is no ${type}`);
  return line;
};

const fieldsOf = (value: unknown) => Object.entries(value as object);

/** Which of these are not among those, whatever the order of their fields. */
const missing = (these: readonly unknown[], those: readonly unknown[]): readonly unknown[] => {
  const there = new Set(those.map(inOrder));
  return these.filter((each) => !there.has(inOrder(each)));
};

const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const without = (fields: object, ...names: readonly string[]): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

describe('an export', () => {
  it('is refused for what no client may say and no program of ours would write, the line and the field named', async () => {
    const test = shared();
    await basesIn(test.greenroom);
    const native = (await linesOfExport(test.greenroom, 'native')) as Line[];
    const foreign = (await linesOfExport(test.greenroom, 'foreign')) as Line[];
    let at = 0;
    const refused = async (
      lines: Line[],
      type: string,
      change: (line: Line) => unknown,
      field: string,
    ) => {
      const copy = structuredClone(lines);
      const harmed = copy.findIndex((line) => line.type === type);
      const line = copy[harmed];
      if (line === undefined) throw new Error(`there is no ${type}`);
      change(line);
      at += 1;
      expect(await refusalOf(restore(test, `bad${at}`, copy)), `${type} ${field}`).toEqual({
        ...{ code: 'invalid_request', line: harmed + 1, field },
      });
    };
    const session = (fields: object, field: string) =>
      refused(
        native,
        'session',
        (line) => Object.assign(line['session'] as object, fields),
        `session.${field}`,
      );
    await session({ createdAtMs: 8_640_000_000_000_001 }, 'createdAtMs');
    await session({ updatedAtMs: Date.UTC(2200, 0, 1) }, 'updatedAtMs');
    await session({ createdAtMs: -1 }, 'createdAtMs');
    for (const value of [null, '', 5, {}]) await session({ model: value }, 'model');
    for (const field of [
      'title',
      'owner',
      'summary',
      'description',
      'templateId',
      'workingDirectory',
    ])
      await session({ [field]: null }, field);
    await session({ provider: {} }, 'provider');
    await session({ provider: 'nobody' }, 'provider');
    await session({ costNanoUsd: 1e308 }, 'costNanoUsd');
    await session({ costNanoUsd: -5 }, 'costNanoUsd');
    await session({ inheritedCostNanoUsd: 0.5 }, 'inheritedCostNanoUsd');
    await session({ numTurns: -1 }, 'numTurns');
    await session({ retry: { maxRetries: -1 } }, 'retry.maxRetries');
    await session({ status: 'running' }, 'status');
    await session({ title: 'a\udc00' }, 'title');
    await session({ gitBranch: null }, 'gitBranch');
    for (const field of ['gitBranch', 'projectKey', 'unknown'])
      await session({ [field]: '\ud800' }, field);
    await session(
      { lastError: { code: 'a', message: '\udc00', retryable: false } },
      'lastError.message',
    );
    await session({ lastError: 'x' }, 'lastError');
    await session({ toolsUsed: ['Read', 'Bash', 'read'] }, 'toolsUsed');
    await session({ toolsUsed: 'Bash' }, 'toolsUsed');
    await session({ toolsUsed: ['Bash', ''] }, 'toolsUsed.1');
    await session({ toolsUsed: Array.from({ length: 201 }, (_, n) => `t${n}`) }, 'toolsUsed');
    await session({ classic: { replacedThrough: -1 } }, 'classic.replacedThrough');
    await session({ usage: null }, 'usage');
    await session({ tags: ['a\u202eb'] }, 'tags.0');
    await session({ parent: { sessionId: '../x', seq: 1 } }, 'parent.sessionId');
    await session(
      { compaction: { seq: 1, throughSeq: 5, fromSeq: 6, lastCompactionTurn: 0 } },
      'compaction.throughSeq',
    );
    const entry = (fields: object, field: string) =>
      refused(native, 'entry', (line) => Object.assign(line, fields), `entry.${field}`);
    await entry({ atMs: 8_640_000_000_000_001 }, 'atMs');
    await entry({ costNanoUsd: -1 }, 'costNanoUsd');
    await entry({ provider: {} }, 'provider');
    await entry({ turnId: '' }, 'turnId');
    await entry({ position: 'first' }, 'position');
    await entry({ subpath: 5 }, 'subpath');
    await entry({ subpath: '"abc' }, 'subpath');
    for (const field of ['subpath', 'id', 'model', 'unknown'])
      await entry({ [field]: 'a\ud800' }, field);
    await entry({ unknown: [{ deep: '\udc00' }] }, 'unknown.0.deep');
    await refused(foreign, 'entry', (line) => (line['line'] = '\ud800'), 'entry.line');
    const turn = (fields: object, field: string) =>
      refused(
        native,
        'turn',
        (line) => Object.assign(line['turn'] as object, fields),
        `turn.${field}`,
      );
    await turn({ acceptedAtMs: 9e15 }, 'acceptedAtMs');
    await turn({ finishedAtMs: null }, 'finishedAtMs');
    await turn({ startedAtMs: 1e300 }, 'startedAtMs');
    await turn({ costNanoUsd: 1e308 }, 'costNanoUsd');
    await turn({ lastSeq: 999 }, 'lastSeq');
    const audit = (fields: object, field: string) =>
      refused(
        native,
        'audit',
        (line) => Object.assign(line['audit'] as object, fields),
        `audit.${field}`,
      );
    await audit({ atMs: 8_640_000_000_000_001 }, 'atMs');
    await audit({ action: 'exploded' }, 'action');
    const response = (fields: object, field: string) =>
      refused(
        foreign,
        'response',
        (line) => Object.assign(line['response'] as object, fields),
        field,
      );
    await response({ record: null }, 'response.record');
    await response({ record: true }, 'record');
    const noted = (change: (imported: { facts: Record<string, unknown> }) => void, field: string) =>
      refused(foreign, 'stream', (line) => change((line['stream'] as never)['imported']), field);
    await noted(
      ({ facts }) => Object.assign(facts, { openSummaries: null }),
      'stream.imported.facts.openSummaries',
    );
    await noted(
      ({ facts }) => Object.assign(facts, { toolsUsed: ['Bash', 'BASH'] }),
      'stream.imported.facts.toolsUsed',
    );
    await noted(({ facts }) => Object.assign(facts, { lines: 99 }), 'stream.imported.facts.lines');
    await noted((imported) => Object.assign(imported, { digest: 'a'.repeat(32) }), 'digest');
    expect(
      (await test.sessions.search({ limit: 100 })).sessions.filter(({ sessionId }) =>
        sessionId.startsWith('bad'),
      ),
    ).toEqual([]);
  });

  it('with two side transcripts that a store cannot tell apart is refused, and stores nothing', async () => {
    const test = shared();
    await basesIn(test.greenroom);
    const [first, ...rest] = (await linesOfExport(test.greenroom, 'foreign')) as Line[];
    const line = '{"type":"user"}';
    const sides = ['\ud800', '\ud801'].flatMap((subpath) => [
      { type: 'entry', subpath, kind: 'imported', seq: 1, atMs: 1, line },
      { type: 'stream', stream: { subpath, seq: 1 } },
    ]);
    const end = rest.findIndex(({ type }) => type === 'audit');
    const lines = [first, ...rest.slice(0, end), ...sides, ...rest.slice(end)];
    expect(await refusalOf(restore(test, 'twins', lines))).toMatchObject({
      ...{ code: 'invalid_request', field: 'entry.subpath' },
    });
    const { sessions } = await test.greenroom.api.sessions('search', {});
    expect(sessions.map(({ sessionId }) => sessionId)).not.toContain('twins');
  });

  it('whose views point forward or round is refused: a fork walks along them', async () => {
    const test = shared();
    await basesIn(test.greenroom);
    const lines = (await linesOfExport(test.greenroom, 'native')) as Line[];
    const views = lines.filter((line) => line['kind'] === 'view');
    expect(views.length).toBeGreaterThan(1);
    for (const fields of [{ previousSeq: 999 }, { throughSeq: 998 }, { fromSeq: 997 }]) {
      const harmed = lines.map((line) =>
        line === views.at(-1)
          ? { ...line, view: { ...(line['view'] as object), ...fields } }
          : line,
      );
      expect(await refusalOf(restore(test, 'round', harmed))).toMatchObject({
        field: `entry.view.${Object.keys(fields)[0]}`,
      });
    }
  });

  it('has its counters counted anew from its lines', async () => {
    const test = shared();
    await basesIn(test.greenroom);
    for (const id of ['native', 'foreign']) {
      const [first, ...rest] = (await linesOfExport(test.greenroom, id)) as Line[];
      const counters = { sideTranscripts: 5, ...(id === 'native' ? { messageCount: 99 } : {}) };
      const session = { ...(first?.['session'] as object), ...counters };
      await restore(test, `${id}-copy`, [{ ...first, session }, ...rest]);
      const [was, is] = [await test.sessions.get(id), await test.sessions.get(`${id}-copy`)];
      expect([is.sideTranscripts, is.messageCount]).toEqual([
        was.sideTranscripts,
        was.messageCount,
      ]);
    }
  });

  it('keeps what it does not know, however much and under whatever name', async () => {
    const test = shared();
    await basesIn(test.greenroom);
    const native = (await linesOfExport(test.greenroom, 'native')) as Line[];
    const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`z${at}`, 1]));
    const odd: readonly object[] = [
      ...[{ segments: 7 }, { segments: null }, { openTurns: {} }, { phase: [1] }],
    ];
    for (const [at, fields] of odd.entries()) {
      const copy = structuredClone(native);
      const session = copy[0]?.['session'] as object;
      Object.assign(session, without(fields, 'segments', 'openTurns')); // known there
      const entry = ofType(copy, 'entry');
      const { message } = entry;
      delete entry['message'];
      Object.assign(entry, fields, { message }); // the message stands last
      Object.assign(copy.find(({ kind }) => kind === 'view')?.['view'] as object, fields);
      Object.assign(ofType(copy, 'turn')['turn'] as object, fields, at === 0 ? many : {});
      await restore(test, `odd${at}`, copy);
      const back = (await linesOfExport(test.greenroom, `odd${at}`)) as Line[];
      expect(missing(copy.slice(1), back.slice(1))).toEqual([]);
      expect(missing(fieldsOf(session), fieldsOf(back[0]?.['session']))).toEqual([]);
    }
  });

  it('keeps a message whole when a field before it has one of that name in it', async () => {
    const test = shared();
    const store = test.greenroom.store();
    await store.createSession('s');
    await store.appendMessage('s', { role: 'user', content: 'hi', a: { b: 1, message: { c: 2 } } });
    const lines = await linesOfExport(test.greenroom, 's');
    expect(await restore(test, 'copy', lines)).toMatchObject({ isDone: true });
    expect(await test.sessions.messages('copy')).toEqual(await test.sessions.messages('s'));
  });
});

describe('lines of other programs', () => {
  it('come under no name that a store would change, or that would hide another', async () => {
    const { api } = shared().greenroom;
    const chunk = { externalKey: 'x', fromLine: 0, lines: ['{}'] };
    for (const harm of [
      ...['\ud800', '\ud801', '"abc', '"abc"'].map((subpath) => ({ subpath })),
      { externalKey: 'a\udc00' },
    ])
      expect(await refusalOf(api.session('named', 'import', { ...chunk, ...harm }))).toMatchObject({
        ...{ code: 'invalid_request' },
      });
    expect(await api.sessions('search', {})).toMatchObject({ sessions: [] });
  });

  it('that are nested without end are kept, shown as text, and break no turn', async () => {
    const test = shared();
    const deep = `{"type":"user","uuid":"u9","parentUuid":null,"message":{"role":"user","content":${'['.repeat(60_000)}${']'.repeat(60_000)}}}`;
    const lines = [...TRANSCRIPT.map((line) => JSON.stringify(line)), deep];
    await test.greenroom.api.session('s', 'import', { externalKey: 'k', fromLine: 0, lines });
    expect((await test.sessions.messages('s')).entries.at(-1)).toMatchObject({ line: deep });
    expect((await test.run('s', 'go on')).at(-1)).toMatchObject({ status: 'completed' });
    const mirrored = { projectKey: 'p', sessionId: 'm', entries: [deep] };
    expect(await refusalOf(test.greenroom.api.sessions('mirror-append', mirrored))).toMatchObject({
      code: 'invalid_request',
    });
  });

  it('name no setting that a client could not', async () => {
    const test = shared();
    const [summary, prompt, answer, ...rest] = structuredClone(TRANSCRIPT) as Line[];
    const long = 'x'.repeat(5_000);
    const odd = [
      { ...summary, summary: `${'t'.repeat(499)}😀` },
      { ...prompt, cwd: long, gitBranch: long },
      { ...answer, message: { ...(answer?.['message'] as object), model: long } },
      ...rest.filter((line) => line.type !== 'assistant'),
    ];
    const lines = odd.map((line) => JSON.stringify(line));
    await test.greenroom.api.session('s', 'import', { externalKey: 'k', fromLine: 0, lines });
    const session = await test.sessions.get('s');
    expect(session).not.toHaveProperty('workingDirectory');
    expect(session.title).toBe('t'.repeat(499));
    expect(await restore(test, 'copy', await linesOfExport(test.greenroom, 's'))).toMatchObject({
      isDone: true,
    });
  });
});

describe('a classic file', () => {
  const first = (data: object, timestamp = '2026-01-01T00:00:00Z') =>
    JSON.stringify({ type: 'metadata', data, timestamp });
  const read =
    (...lines: string[]) =>
    () =>
      classicExport(stateOfLines('s', [...lines, '']));

  it.each([
    [first({ total_cost_usd: 1e308 }), /line 1: .*totalCostUsd/],
    [first({ model: '' }), /line 1: .*model/],
    [first({}, '9999-01-01T00:00:00Z'), /line 1: .*no plausible moment/],
    [first({}, '0001-01-01T00:00:00Z'), /line 1: .*no plausible moment/],
    [first({ usage: { input_tokens: 9e15 } }), /line 1: .*usage/],
  ])('is refused with its line: %s', (line, why) => {
    expect(read(line, '{"type":"saved","data":{}}')).toThrow(why);
  });

  it('with a message at no plausible moment is refused with its line', () => {
    const data = { role: 'user', content: 'x', timestamp: '9999-01-01T00:00:00Z' };
    expect(read(first({}), JSON.stringify({ type: 'message', data }), '{}')).toThrow(
      /line 2: timestamp/,
    );
  });
});

describe('a classic program', () => {
  it('may append what is no content: it is kept, and no turn breaks on it', async () => {
    const test = shared();
    const store = test.greenroom.store();
    await store.createSession('s');
    const odd = {
      role: 'user',
      content: [{ foo: 1 }],
      id: 'm',
      timestamp: '2026-01-01T00:00:00.000Z',
    };
    await store.appendMessage('s', odd);
    await store.saveSession('t', [{ type: 'assistant', data: { message: { content: 5 } } }]);
    expect((await store.loadSession('s'))?.messages).toEqual([odd]);
    for (const id of ['s', 't'])
      expect((await test.run(id, 'go on')).at(-1)).toMatchObject({ status: 'completed' });
  });

  it('is refused what no session can hold', async () => {
    const test = shared();
    const store = test.greenroom.store();
    const refused = { code: 'serialization_failed' };
    await expect(store.createSession('a', { totalCostUsd: 1e308 })).rejects.toMatchObject(refused);
    await expect(store.createSession('a', { model: 'm\ud800' })).rejects.toMatchObject(refused);
    await expect(
      store.saveSession('a', [{ type: 'result', data: { total_cost_usd: -5 } }]),
    ).rejects.toMatchObject(refused);
    await expect(
      store.saveSession('a', [{ role: 'user', content: 'x', timestamp: '9999-01-01T00:00:00Z' }]),
    ).rejects.toMatchObject(refused);
    expect(await store.sessionExists('a')).toBe(false);
  });
});

describe('a cursor', () => {
  it.each(['zzz', '', '../x', '\u0000', 'é', 'a'.repeat(200)])(
    'of turns that is none is refused: %j',
    async (cursor) => {
      const test = shared();
      await test.run('s', 'hello', { turnId: 't1' });
      expect(await refusalOf(test.sessions.turns('s', { cursor }))).toMatchObject({
        code: 'invalid_request',
      });
      expect((await test.sessions.turns('s', { cursor: 't1' })).turns).toEqual([]);
    },
  );
});

describe('a cursor of a list of one session', () => {
  type Step = { readonly items: readonly unknown[]; readonly next: string | undefined };
  const lists: Record<string, (test: TestGreenroom, id: string, cursor?: string) => Promise<Step>> =
    {
      'side transcripts': async ({ sessions }, id, cursor) => {
        const page = { limit: 1, ...(cursor === undefined ? {} : { cursor }) };
        const { sideTranscripts, nextCursor } = await sessions.sideTranscripts(id, page);
        return { items: sideTranscripts, next: nextCursor };
      },
      'audit records': async ({ sessions }, id, cursor) => {
        const page = { limit: 1, ...(cursor === undefined ? {} : { cursor }) };
        const { audit, nextCursor } = await sessions.audit(id, page);
        return { items: audit, next: nextCursor };
      },
      'inherited responses': async ({ greenroom }, id, cursor) => {
        const page = { inherited: true, ...(cursor === undefined ? {} : { cursor }) };
        const { inherited = [], nextCursor } = await greenroom.api.session(
          id,
          'import-state',
          page,
        );
        return { items: inherited, next: nextCursor };
      },
    };
  const begun = async (test: TestGreenroom, id: string): Promise<void> => {
    const chunk = { externalKey: 'k', fromLine: 0, lines: ['{}'] };
    for (const subpath of ['agent-1', 'agent-2.x', 'ágent'])
      await test.greenroom.api.session(id, 'import', { ...chunk, subpath });
    await test.sessions.append(id, [{ role: 'user', content: 'x' }]);
    await test.sessions.compact(id, { summary: 'y' });
  };

  it.each(Object.entries(lists))('is refused if it is none of theirs: %s', async (_, list) => {
    const test = shared();
    await begun(test, 's');
    for (const cursor of ['zzz', 'zzzz', '', 'agent-1', '.', '.agent-1', '\u0000', 'a'.repeat(200)])
      expect(await refusalOf(list(test, 's', cursor)), cursor).toEqual({
        ...{ code: 'invalid_request', field: 'cursor' },
      });
  });

  it.each(Object.entries(lists))(
    'walks along all of them, and along no other session: %s',
    async (_, list) => {
      const test = shared();
      for (const id of ['s', 'other']) await begun(test, id);
      const seen: unknown[] = [];
      let step = await list(test, 's');
      for (; step.next !== undefined; step = await list(test, 's', step.next)) {
        seen.push(...step.items);
        expect(await refusalOf(list(test, 'other', step.next))).toMatchObject({ field: 'cursor' });
      }
      seen.push(...step.items);
      expect(new Set(seen.map((item) => JSON.stringify(item))).size).toBe(seen.length);
      if (_ === 'side transcripts') expect(seen).toHaveLength(3);
      if (_ === 'audit records') expect(seen.length).toBeGreaterThan(1);
    },
  );
});

it('an appended message at no plausible moment is refused', async () => {
  const test = shared();
  const message = { role: 'user', content: 'x', timestamp: '0001-01-01T00:00:00Z' } as const;
  expect(await refusalOf(test.sessions.append('s', [message]))).toMatchObject({
    code: 'invalid_request',
  });
});
