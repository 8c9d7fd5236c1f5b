/** Exports: the same session gives the same bytes, and what is made of them is the same session. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EMPTY_DIGEST, nextDigest } from '../../src/claude-code/digest.ts';
import { codeOf } from '../../src/model/errors.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { read } from '../support/read-journal.ts';
import { gate } from '../support/until.ts';

const textOf = async (test: TestGreenroom, sessionId: string): Promise<string> => {
  const pieces: string[] = [];
  for await (const piece of test.sessions.exportSession(sessionId)) pieces.push(piece);
  return pieces.join('');
};

async function* inPieces(text: string, length = 7_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const importText = (test: TestGreenroom, text: string, as?: string) =>
  test.sessions.importSession(inPieces(text), as === undefined ? {} : { as });
const refusalOf = (outcome: Promise<unknown>) => outcome.then(() => 'none', codeOf);
const linesIn = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; [field: string]: unknown });

/** An export of these lines: with the end that they need. */
const sealed = (lines: readonly string[]): string => {
  const digest = lines.reduce((sum, line) => nextDigest(sum, Buffer.from(line)), EMPTY_DIGEST);
  const end = JSON.stringify({ type: 'end', lines: lines.length, digest });
  return `${[...lines, end].join('\n')}\n`;
};

/** A session with something of everything. */
const full = async (test: TestGreenroom, id = 's'): Promise<void> => {
  await test.sessions.create(id, {
    ...{ title: 'Ünïcode ✓', tags: ['a', 'b'], metadata: { z: 1, a: [null, { y: 'x' }] } },
    ...{ limits: { maxTurns: 50 }, retry: { maxRetries: 1 } },
  });
  await test.sessions.append(id, [
    { role: 'user', content: 'quote " backslash \\ separator \u2028 ,"message":{} end', id: 'm1' },
    { role: 'assistant', content: [{ type: 'text', text: 'ok', extra: { b: 1, a: 2 } }] },
  ]);
  await test.run(id, '[[rehearse: tool=Bash]] [[rehearse: text=done usage.output_tokens=10]]');
  await test.sessions.compact(id, { summary: 'so far' });
  await test.run(id, 'and more');
};

/** A transcript of another program, with a line that is not UTF-8 and a sub-agent. */
const imported = async (test: TestGreenroom, id = 'foreign'): Promise<void> => {
  const uuid = '00000000-0000-4000-8000-00000000000';
  const line = (n: number, type: 'user' | 'assistant', sidechain = false) =>
    JSON.stringify({
      ...{ type, uuid: `${uuid}${n}`, parentUuid: n === 1 ? null : `${uuid}${n - 1}` },
      ...{ sessionId: id, timestamp: `2026-01-01T00:00:0${n}.000Z`, isSidechain: sidechain },
      message:
        type === 'user'
          ? { role: 'user', content: `prompt ${n}` }
          : {
              ...{ id: `msg_${n}`, role: 'assistant', model: 'claude-sonnet-4-5' },
              content: [{ type: 'text', text: `answer ${n}` }],
              usage: { input_tokens: 10, output_tokens: 5 },
            },
      requestId: `req_${n}`,
    });
  const base = { externalKey: `claude-code/${id}`, fromLine: 0 };
  const api = (request: object) =>
    test.greenroom.sessions
      .count()
      .then(() => embedded(test).session(id, 'import', { ...base, ...request } as never));
  const lines = [line(1, 'user'), line(2, 'assistant')].map((text) =>
    Buffer.from(text).toString('base64'),
  );
  const broken = Buffer.from([0x7b, 0xff, 0xfe, 0x22]).toString('base64');
  await api({ lines: [...lines, broken], base64: true });
  await api({ subpath: 'agent-1', lines: [line(3, 'user', true), line(4, 'assistant', true)] });
};

const embedded = (test: TestGreenroom) => test.greenroom.api;

describe('an export', () => {
  it('comes back as the same session, to the last byte', async () => {
    const [here, there] = [await testGreenroom(), await testGreenroom()];
    await full(here);
    const text = await textOf(here, 's');
    expect(await importText(there, text)).toMatchObject({ sessionId: 's', status: 'new' });
    expect(await textOf(there, 's')).toBe(text);
    const known = ({ version: _, importedAt: __, ...session }: object & Record<string, unknown>) =>
      session;
    expect(known((await there.sessions.get('s')) as never)).toEqual(
      known((await here.sessions.get('s')) as never),
    );
    expect(await there.sessions.messages('s')).toEqual(await here.sessions.messages('s'));
    expect(await there.sessions.turns('s')).toEqual(await here.sessions.turns('s'));
    await there.run('s', 'goes on');
    expect(there.lastCall).toContain('so far');
  });

  it('takes side transcripts, foreign lines and what was counted of them along', async () => {
    const [here, there] = [await testGreenroom(), await testGreenroom()];
    await imported(here);
    const text = await textOf(here, 'foreign');
    await importText(there, text);
    expect(await textOf(there, 'foreign')).toBe(text);
    expect((await there.sessions.messages('foreign', { subpath: 'agent-1' })).entries).toHaveLength(
      2,
    );
    const before = await there.sessions.get('foreign');
    await imported(there); // the same lines again add nothing
    expect((await there.sessions.get('foreign')).usage).toEqual(before.usage);
    const key = sessionKey('default', 'foreign');
    expect(
      (await read(there.journal).entries(key)).map((entry) => 'body' in entry && [...entry.body]),
    ).toEqual(
      (await read(here.journal).entries(key)).map((entry) => 'body' in entry && [...entry.body]),
    );
  });

  it('of a fork has what it shares, and needs nobody any more', async () => {
    const [here, there] = [await testGreenroom(), await testGreenroom()];
    await full(here);
    await here.sessions.fork('s', { newSessionId: 'fork', atSeq: 3 });
    await here.run('fork', 'on its own');
    const text = await textOf(here, 'fork');
    await importText(there, text);
    expect(await textOf(there, 'fork')).toBe(text);
    expect(await there.sessions.get('fork')).toMatchObject({ parent: { sessionId: 's', seq: 3 } });
    expect((await there.sessions.messages('fork')).entries[0]).not.toHaveProperty('origin');
  });

  it('is recognised when it is imported again, here and where it was made', async () => {
    const test = await testGreenroom();
    await full(test);
    const text = await textOf(test, 's');
    expect(await importText(test, text)).toMatchObject({ status: 'unchanged', added: 0 });
    expect(await importText(test, text, 'copy')).toMatchObject({ status: 'new' });
    const { version } = await test.sessions.get('copy');
    expect(await importText(test, text, 'copy')).toMatchObject({ status: 'unchanged' });
    await test.run('copy', 'it goes on');
    expect(await importText(test, text, 'copy')).toMatchObject({ status: 'unchanged' });
    expect((await test.sessions.get('copy')).version).toBeGreaterThan(version);
    await test.run('s', 'it goes on');
    expect(await refusalOf(importText(test, text))).toBe('session_exists');
  });

  it('that is cut off, changed or none is refused', async () => {
    const test = await testGreenroom();
    await full(test);
    const text = await textOf(test, 's');
    const cut = text.slice(0, text.lastIndexOf('{"type":"end"'));
    expect(await refusalOf(importText(test, cut, 'cut'))).toBe('invalid_request');
    const changed = text.replace('and more', 'and less');
    expect(await refusalOf(importText(test, changed, 'changed'))).toBe('invalid_request');
    expect(await refusalOf(importText(test, '{"type":"metadata"}\n', 'none'))).toBe(
      'invalid_request',
    );
    expect(await refusalOf(importText(test, '', 'none'))).toBe('invalid_request');
    expect((await test.sessions.search()).sessions.map(({ sessionId }) => sessionId)).toEqual([
      's',
    ]);
  });

  it('brings nothing along that belongs to a store', async () => {
    const test = await testGreenroom();
    await full(test);
    await test.sessions.append('other', [{ role: 'user', content: 'nobody else may read this' }]);
    const lines = (await textOf(test, 's')).trimEnd().split('\n').slice(0, -1);
    const ofAStore = {
      segments: [{ sessionId: 'other', throughSeq: 1 }],
      ...{ key: { tenant: 't', sessionId: 'x' }, version: 99, importedAtMs: 1 },
    };
    const given = `"session":{${JSON.stringify(ofAStore).slice(1, -1)},`;
    const changed = lines.map((line, at) => (at === 0 ? line.replace('"session":{', given) : line));
    await importText(test, sealed(changed), 'copy');
    expect(linesIn(await textOf(test, 'copy')).filter(({ type }) => type === 'entry')).toEqual(
      linesIn(await textOf(test, 's')).filter(({ type }) => type === 'entry'),
    );
  });

  it('whose records make no sense is refused, whatever its digest says', async () => {
    const test = await testGreenroom();
    await full(test);
    const lines = (await textOf(test, 's')).trimEnd().split('\n').slice(0, -1);
    expect(await importText(test, sealed(lines), 'good')).toMatchObject({ status: 'new' });
    const harms: ((line: string) => string)[] = [
      (line) => line.replace('"seq":2', '"seq":9'),
      (line) => line.replace('"role":"assistant"', '"role":"robot"'),
      (line) => line.replace('"type":"turn"', '"type":"tune"'),
      (line) => line.replace('"status":"completed"', '"status":"fine"'),
      (line) => line.replace('"tags":["a","b"]', '"tags":"a"'),
      (line) => line.replace('"tags":["a","b"]', '"tags":["a\\u0000"]'),
      (line) =>
        line.replace('["a","b"]', JSON.stringify(Array.from({ length: 101 }, (_, n) => `t${n}`))),
      (line) => line.replace('"content":"quote', '"contents":"quote'),
    ];
    for (const [at, harm] of harms.entries())
      expect(await refusalOf(importText(test, sealed(lines.map(harm)), `bad${at}`)), `${at}`).toBe(
        'invalid_request',
      );
  });

  it('that broke off goes on; until then the session takes nothing else', async () => {
    const test = await testGreenroom();
    await full(test);
    const text = await textOf(test, 's');
    const lines = text.trimEnd().split('\n');
    const api = embedded(test);
    await api.session('copy', 'import-session', { fromLine: 0, lines: lines.slice(0, 3) });
    expect(await refusalOf(test.run('copy', 'hello'))).toBe('invalid_state');
    expect(await refusalOf(test.sessions.append('copy', [{ role: 'user', content: 'x' }]))).toBe(
      'invalid_state',
    );
    expect(
      await refusalOf(api.session('copy', 'import-session', { fromLine: 9, lines: ['{}'] })),
    ).toBe('invalid_request');
    await test.restart();
    expect(await importText(test, text, 'copy')).toMatchObject({
      status: 'completed',
      added: lines.length - 3,
    });
    expect((await textOf(test, 'copy')).replace('"copy"', '"s"')).toContain('"type":"end"');
    await test.run('copy', 'hello');
  });

  it('of a session with an open turn has it, and a copy tells it as interrupted', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const running = test.begin('s', 'hold', { turnId: 't' });
    await running.saw('delta');
    const text = await textOf(test, 's');
    answer.open();
    await running.done;
    await importText(test, text, 'copy');
    expect(await test.sessions.get('copy')).toMatchObject({ status: 'idle' });
    expect(await test.sessions.turnStatus('copy', 't')).toMatchObject({ status: 'interrupted' });
  });

  it('comes in pages of bounded size, whatever is in it', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', [
      { role: 'user', content: 'long '.repeat(500_000) },
      { role: 'assistant', content: '\u0001😀'.repeat(100_000) },
    ]);
    for (let at = 0; at < 3; at += 1)
      await test.sessions.append(
        's',
        Array.from({ length: 1_000 }, (_, n) => ({
          role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
          content: `${at} ${n}`,
        })),
      );
    const sizes: number[] = [];
    const pieces: string[] = [];
    for await (const piece of test.sessions.exportSession('s')) {
      sizes.push(Buffer.byteLength(JSON.stringify(piece)));
      pieces.push(piece);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(512_000);
    expect(sizes.length).toBeGreaterThan(5);
    const text = pieces.join('');
    expect(linesIn(text).filter(({ type }) => type === 'entry')).toHaveLength(3_002);
    await importText(test, text, 'copy');
    expect(
      (await textOf(test, 'copy')).replace('"sessionId":"copy"', '"sessionId":"s"').length,
    ).toBe(text.length);
  });

  it('is refused for a cursor that is none of its own', async () => {
    const test = await testGreenroom();
    await full(test);
    const page = (cursor: string) =>
      embedded(test).session('s', 'export', { cursor, maxBytes: 1_000 });
    const { cursor } = await embedded(test).session('s', 'export', { maxBytes: 1_000 });
    const good = JSON.parse(cursor ?? '') as object;
    expect(await refusalOf(page(JSON.stringify(good)))).toBe('none');
    const others = ['', 'x', 'null', '[]', '{}'].concat(
      [
        { section: 'nowhere' },
        { section: 'main', at: 1.5 },
        { section: 'turns', at: 'x'.repeat(5_000) },
        ...[{ seq: -1 }, { seq: '9' }, { streams: [null] }, { streams: [['a']] }, { side: -1 }],
        ...[{ openTurns: 'abc' }, { lines: null }, { digest: 1 }, { skip: 'all' }, { offset: -4 }],
      ].map((wrong) => JSON.stringify({ ...good, ...wrong })),
    );
    for (const other of others)
      expect([other.slice(0, 200), await refusalOf(page(other))]).toEqual([
        other.slice(0, 200),
        'invalid_request',
      ]);
  });

  it('is what its page says', async () => {
    const test = await testGreenroom();
    await full(test);
    const page = readFileSync(
      new URL('../../docs/reference/export-format.md', import.meta.url),
      'utf8',
    );
    const types = new Set(linesIn(await textOf(test, 's')).map(({ type }) => type));
    for (const type of [...types, 'stream', 'response']) expect(page).toContain(`\`${type}\``);
  });
});
