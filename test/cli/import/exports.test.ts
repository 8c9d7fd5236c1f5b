/** Exports and classic files by the command line, against whole Greenrooms in this process. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type TestGreenroom, testGreenroom } from '../../support/greenroom.ts';
import { tellsNothing } from '../fake-daemon.ts';
import { greenroom, jsonLines } from '../run-cli.ts';

const CLASSIC = fileURLToPath(new URL('../../fixtures/classic/', import.meta.url));

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'greenroom-exports-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

const cliOf = (room: TestGreenroom) => {
  const { api } = room.greenroom;
  const daemon = {
    session: api.session.bind(api),
    sessions: api.sessions.bind(api),
    turn: api.turn.bind(api),
    ...tellsNothing,
    daemon: () => Promise.reject(new Error('an import asks the daemon nothing')),
    maxPayloadBytes: 1024 * 1024,
    close: async () => {},
  };
  return async (...words: string[]) => {
    const ran = await greenroom(words, { daemon, cwd: '/' });
    return { ...ran, lines: words.includes('--json') ? jsonLines(ran.out) : [] };
  };
};

const talk = (room: TestGreenroom, sessionId: string, count = 4) =>
  room.sessions.append(
    sessionId,
    Array.from({ length: count }, (_, n) => ({
      role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: `${sessionId} ${n} ${'x'.repeat(200)}`,
    })),
  );

describe('exports', () => {
  test('go to the terminal, to a file and to a folder, all the same', async () => {
    const room = await testGreenroom();
    await talk(room, 'a', 900);
    await talk(room, 'b');
    const [run, dir] = [cliOf(room), folder()];
    const screen = await run('sessions', 'export', 'a');
    expect(await run('sessions', 'export', 'a', '--out', join(dir, 'one.jsonl'))).toMatchObject({
      code: 0,
    });
    expect((await run('sessions', 'export', '--all', '--out', join(dir, 'all'))).code).toBe(0);
    expect(readdirSync(join(dir, 'all')).toSorted()).toEqual([
      'a.greenroom.jsonl',
      'b.greenroom.jsonl',
    ]);
    expect(readFileSync(join(dir, 'one.jsonl'), 'utf8')).toBe(screen.out);
    expect(readFileSync(join(dir, 'all/a.greenroom.jsonl'), 'utf8')).toBe(screen.out);
  });

  test('come in again elsewhere, once', async () => {
    const [here, there, dir] = [await testGreenroom(), await testGreenroom(), folder()];
    await talk(here, 'a', 900);
    await talk(here, 'b');
    await cliOf(here)('sessions', 'export', '--all', '--out', dir);
    const run = cliOf(there);
    const first = await run('--json', 'import', dir);
    expect(first.code).toBe(0);
    expect(first.lines.at(-1)).toMatchObject({ summary: { files: 2, sessions: { new: 2 } } });
    const second = await run('--json', 'import', dir);
    expect(second.lines.at(-1)).toMatchObject({
      summary: { added: 0, sessions: { new: 0, unchanged: 2 } },
    });
    expect((await run('sessions', 'export', 'a')).out).toBe(
      (await cliOf(here)('sessions', 'export', 'a')).out,
    );
  });

  test('bring along what was spent, and say so', async () => {
    const [here, there, dir] = [await testGreenroom(), await testGreenroom(), folder()];
    for (const sessionId of ['a', 'b']) await here.run(sessionId, 'Hello');
    await cliOf(here)('sessions', 'export', '--all', '--out', dir);
    const { sessions } = await here.sessions.search();
    const costUsd = sessions.reduce((sum, { totalCostUsd }) => sum + (totalCostUsd ?? 0), 0);
    const { usage } = await here.sessions.get('a');
    const { lines } = await cliOf(there)('--json', 'import', dir);
    expect(costUsd).toBeGreaterThan(0);
    expect(lines.at(-1)).toMatchObject({
      summary: {
        costUsd: expect.closeTo(costUsd, 9),
        usage: { inputTokens: 2 * usage.inputTokens, outputTokens: 2 * usage.outputTokens },
      },
    });
  });

  test('ask for what is missing, and leave no half file', async () => {
    const room = await testGreenroom();
    const [run, dir] = [cliOf(room), folder()];
    expect((await run('sessions', 'export')).code).toBe(2);
    expect((await run('sessions', 'export', 'a', 'b')).code).toBe(2);
    expect((await run('sessions', 'export', 'nobody', '--out', join(dir, 'x'))).code).toBe(3);
    expect(existsSync(join(dir, 'x'))).toBe(false);
  });

  test('that were cut off are refused with a reason', async () => {
    const [room, dir] = [await testGreenroom(), folder()];
    await talk(room, 'a');
    const run = cliOf(room);
    const { out } = await run('sessions', 'export', 'a');
    writeFileSync(
      join(dir, 'cut.jsonl'),
      out.slice(0, -200).replace('"sessionId":"a"', '"sessionId":"c"'),
    );
    const { code, err } = await run('import', join(dir, 'cut.jsonl'));
    expect({ code, err }).toMatchObject({ code: 4, err: expect.stringContaining('of the export') });
  });
});

describe('classic files', () => {
  test('of all three kinds come in, once, and are found and resumed', async () => {
    const [room, dir] = [await testGreenroom(), folder()];
    cpSync(CLASSIC, dir, { recursive: true });
    writeFileSync(join(dir, 'settings.json'), '{"messages":[]}');
    const run = cliOf(room);
    const first = await run('--json', 'import', dir);
    expect(first.code).toBe(0);
    expect(first.lines.at(-1)).toMatchObject({ summary: { files: 3, sessions: { new: 3 } } });
    const { sessions } = await room.sessions.search();
    expect(sessions).toHaveLength(3);
    for (const { sessionId, messageCount } of sessions) {
      const { entries } = await room.sessions.messages(sessionId);
      expect(entries).toHaveLength(messageCount);
      expect(messageCount).toBeGreaterThan(0);
    }
    expect((await run('--json', 'import', dir)).lines.at(-1)).toMatchObject({
      summary: { added: 0, sessions: { unchanged: 3 } },
    });
    for (const { sessionId } of sessions) await room.run(sessionId, 'and on');
    expect(room.modelCalls).toHaveLength(3);
  });
});
