/**
 * Money is counted once: a response that lies in several sessions counts where it was made, in whatever order
 * they come. What the import says, what a count says and the sum over the sessions agree.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SessionView } from '../../../src/index.ts';
import { verifyInChild } from '../../../src/storage/verify/verify.ts';
import {
  holding,
  sharedGreenroom,
  type TestGreenroom,
  testGreenroom,
} from '../../support/greenroom.ts';
import { gate } from '../../support/until.ts';
import { newFolder } from '../run-cli.ts';
import { type Imported, importWith, moneyOf, odd, sessionsIn } from './room.ts';

const shared = sharedGreenroom();

/** Sonnet 4.5: $3 per million prompt tokens, $15 per million of output. */
const usd = (inputTokens: number, outputTokens = 0): number =>
  (inputTokens * 3_000 + outputTokens * 15_000) / 1e9;

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => total + each, 0);

const agreed = async (room: TestGreenroom, workingDirectory: string): Promise<number> => {
  const { costUsd } = await room.sessions.count({ workingDirectory });
  const sessions = await sessionsIn(room, workingDirectory);
  expect(sum(sessions.map(({ totalCostUsd }) => totalCostUsd ?? Number.NaN))).toBeCloseTo(
    costUsd,
    9,
  );
  return costUsd;
};

describe.each([
  ['copied-responses', '/srv/dedup1', 'aaaa0060', 'aaaa0061'],
  ['copied-responses-forked-from', '/srv/dedup2', 'aaaa0080', 'aaaa0081'],
])('%s', (folder, cwd, original, copy) => {
  const file = (id: string) => join(odd(folder), 'x', `${id}-0000-4000-8000-000000000000.jsonl`);
  const all = usd(7_000, 60);
  const made = usd(3_000, 40);

  test.each([
    ['in one import', [[odd(folder)]]],
    ['the original first', [[file(original)], [file(copy)]]],
    ['the copy first', [[file(copy)], [file(original)]]],
  ])('costs $0.0219, %s', async (_, imports) => {
    const room = shared();
    const summaries: Imported[] = [];
    for (const paths of imports) summaries.push(await importWith(room, ...paths));
    expect(await agreed(room, cwd)).toBeCloseTo(all, 9);
    expect(all).toBeCloseTo(0.0219, 9);
    const [first, second] = (await sessionsIn(room, cwd))
      .toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
      .map(moneyOf);
    expect(first).toEqual({ own: expect.closeTo(made, 9), inherited: 0 });
    expect(second).toEqual({
      own: expect.closeTo(all - made, 9),
      inherited: expect.closeTo(made, 9),
    });
    const last = (await importWith(room, odd(folder))).summary;
    expect(last.costUsd).toBeCloseTo(all, 9);
    expect(last.inheritedCostUsd).toBeCloseTo(made, 9);
    expect(last.usage.inputTokens).toBe(7_000);
    expect(summaries.every(({ code }) => code === 0)).toBe(true);
    // A claim that another session made first is computed anew: `doctor` would warn of a failure.
    expect(room.greenroom.status().journal).toMatchObject({ failedCommits: 0 });
  });
});

// ── families of transcripts that copy from each other ───────────────────────────────────────────────

interface Answer {
  readonly id: string;
  readonly tokens: number;
  /** Where it was copied from, if the copy says so. */
  readonly from?: string;
  readonly noRequestId?: true;
}

const cwd = '/srv/family';

/** A prompt and an answer each; the n-th of a family is of the n-th minute, in whatever file it is. */
const transcript = (sessionId: string, answers: readonly Answer[]): string =>
  answers
    .flatMap(({ id, tokens, from, noRequestId }, n) => {
      const line = (part: string, parent: string | null, more: object) => ({
        ...{ parentUuid: parent, uuid: `${id}-${part}`, sessionId, cwd, isSidechain: false },
        timestamp: new Date(Date.UTC(2026, 10, 1) + n * 60_000).toISOString(),
        ...(from === undefined
          ? {}
          : { forkedFrom: { sessionId: from, messageUuid: `${id}-${part}` } }),
        ...more,
      });
      const before = answers[n - 1];
      const usage = { input_tokens: tokens, output_tokens: 0 };
      return [
        line('u', before === undefined ? null : `${before.id}-a`, {
          ...{ type: 'user', message: { role: 'user', content: `ask ${id}` } },
        }),
        line('a', `${id}-u`, {
          type: 'assistant',
          ...(noRequestId ? {} : { requestId: `req_${id}` }),
          message: {
            ...{ id: `msg_${id}`, role: 'assistant', model: 'claude-sonnet-4-5-20250929', usage },
            content: [{ type: 'text', text: `answer ${id}` }],
          },
        }),
      ];
    })
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');

const answer = (id: string, tokens: number, more: Partial<Answer> = {}): Answer => ({
  ...{ id, tokens },
  ...more,
});

const write = (folder: string, name: string, text: string): string => {
  const path = join(folder, `${name}.jsonl`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
  return path;
};

/** An original, a resumed copy of it, and a copy of that one; each goes on with an answer of its own. */
const chain = (marked: boolean, more: Partial<Answer> = {}) => {
  const folder = newFolder();
  const from = (sessionId: string) => (marked ? { from: sessionId, ...more } : more);
  return [
    write(folder, 'sa', transcript('sa', [answer('r1', 1_000, more), answer('r2', 2_000, more)])),
    write(
      folder,
      'sb',
      transcript('sb', [
        ...[answer('r1', 1_000, from('sa')), answer('r2', 2_000, from('sa'))],
        answer('r3', 4_000, more),
      ]),
    ),
    write(
      folder,
      'sc',
      transcript('sc', [
        ...[answer('r1', 1_000, from('sb')), answer('r2', 2_000, from('sb'))],
        ...[answer('r3', 4_000, from('sb')), answer('r4', 8_000, more)],
      ]),
    ),
  ];
};

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

const bySession = async (room: TestGreenroom) =>
  Object.fromEntries(
    (await sessionsIn(room, cwd)).map((session: SessionView) => [
      session.sessionId,
      moneyOf(session),
    ]),
  );

const shares = {
  sa: { own: expect.closeTo(usd(3_000), 9), inherited: 0 },
  sb: { own: expect.closeTo(usd(4_000), 9), inherited: expect.closeTo(usd(3_000), 9) },
  sc: { own: expect.closeTo(usd(8_000), 9), inherited: expect.closeTo(usd(7_000), 9) },
};

describe('a copy of a copy', () => {
  const variants = [
    ['that says nothing of it', false, {}],
    ['that says where it was copied', true, {}],
    ['without request ids', false, { noRequestId: true }],
  ] as const;
  test.each(variants)('%s counts where it was made, in every order', async (_, marked, more) => {
    const room = shared();
    for (const order of ORDERS) {
      const files = chain(marked, more);
      for (const at of order) {
        const imported = await importWith(room, files[at] ?? '');
        expect(imported.code, imported.err).toBe(0);
      }
      expect(await bySession(room), order.join()).toEqual(shares);
      await agreed(room, cwd);
      for (const id of ['sa', 'sb', 'sc'])
        await room.greenroom.api.session(id, 'delete', { release: true });
    }
  });

  test('counts as much as has come, at every moment', async () => {
    const room = shared();
    const files = chain(true);
    const made = [usd(3_000), usd(7_000), usd(15_000)];
    for (const at of [2, 1, 0]) {
      await importWith(room, files[at] ?? '');
      expect(await agreed(room, cwd), `${at}`).toBeCloseTo(made[2] ?? 0, 9);
    }
  });

  test('imported by several at once counts once', async () => {
    const room = shared();
    const files = chain(false);
    await Promise.all([2, 1, 0, 1, 2].map((at) => importWith(room, files[at] ?? '')));
    expect(await agreed(room, cwd)).toBeCloseTo(usd(15_000), 9);
    expect(await bySession(room)).toEqual(shares);
  });
});

test('whatever is copied from whatever, in whatever order, each response counts once', async () => {
  const room = shared();
  const family = fc.array(
    fc.record({
      parts: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1 }),
      marked: fc.boolean(),
    }),
    { minLength: 2, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(family, fc.boolean(), async (members, together) => {
      const folder = newFolder();
      const files = members.map(({ parts, marked }, n) =>
        write(
          folder,
          `f${n}`,
          transcript(
            `f${n}`,
            parts.map((part) => answer(`p${part}`, 2 ** part, marked ? { from: 'elsewhere' } : {})),
          ),
        ),
      );
      const imports = together ? [files] : files.map((file) => [file]);
      let last: Imported | undefined;
      for (const paths of imports) last = await importWith(room, ...paths);
      const made = new Set(members.flatMap(({ parts }) => parts));
      const expected = usd(sum([...made].map((part) => 2 ** part)));
      expect(await agreed(room, cwd)).toBeCloseTo(expected, 9);
      if (together) expect(last?.summary.costUsd).toBeCloseTo(expected, 9);
      for (const n of members.keys())
        await room.greenroom.api.session(`f${n}`, 'delete', { release: true });
    }),
    { numRuns: 25 },
  );
});

test('what a deleted session had made counts nowhere, until somebody brings it again', async () => {
  const room = await testGreenroom();
  const [original = '', copy = ''] = chain(false);
  await importWith(room, original, copy);
  await room.sessions.delete('sa');
  expect(await bySession(room)).toEqual({ sb: shares.sb });
  // The record of a session that is not purged yet says nothing any more.
  await importWith(room, write(newFolder(), 'sd', transcript('sd', [answer('r1', 1_000)])));
  expect(await bySession(room)).toMatchObject({ sd: { own: usd(1_000), inherited: 0 } });
  await room.sessions.cleanup({ maxAgeDays: 1_000 }); // purges
  await importWith(room, write(newFolder(), 'se', transcript('se', [answer('r2', 2_000)])));
  expect(await bySession(room)).toMatchObject({ se: { own: usd(2_000), inherited: 0 } });
  expect(await agreed(room, cwd)).toBeCloseTo(usd(7_000), 9);
});

test('who made what is known after a restart, and in a store that is verified', async () => {
  const room = await testGreenroom();
  const [original = '', copy = '', second = ''] = chain(true);
  await importWith(room, copy);
  await room.restart();
  await importWith(room, original);
  await room.restart();
  await importWith(room, second);
  expect(await bySession(room)).toEqual(shares);
  await room.stop();
  expect(await verifyInChild(join(room.dataDir, 'store'))).toMatchObject({ isSound: true });
});

test('an original whose id another session has counts under the id that it gets', async () => {
  const room = shared();
  const [original = '', copy = ''] = chain(false);
  await importWith(room, copy);
  await room.sessions.append('sa', [{ role: 'user', content: 'mine' }]);
  const { code, files } = await importWith(room, original);
  expect(code).toBe(0);
  const id = String(files[0]?.['sessionId']);
  expect(id).not.toBe('sa');
  expect(await bySession(room)).toEqual({ [id]: shares.sa, sb: shares.sb });
  expect(await agreed(room, cwd)).toBeCloseTo(usd(7_000), 9);
});

test('a gateway that names all its answers the same costs what each of them cost', async () => {
  const room = shared();
  const { summary } = await importWith(room, odd('gateway-constant-ids'));
  expect(summary.usage.inputTokens).toBe(15_000);
  expect(summary.costUsd).toBeCloseTo(usd(15_000, 80), 9);
  expect(await agreed(room, '/srv/gw')).toBeCloseTo(usd(15_000, 80), 9);
});

test('a record behind NULs keeps its money', async () => {
  const room = shared();
  const { summary } = await importWith(room, odd('nuls-before-a-record'));
  expect(summary.usage.inputTokens).toBe(3_000);
  expect(summary.costUsd).toBeCloseTo(0.0096, 9);
});

test('inference bound to the United States costs a tenth more', async () => {
  const room = shared();
  const { summary } = await importWith(room, odd('us-only-inference'));
  // Opus 5.5: $4 and $20; Fable 5.1: $10 and $50; a thousand tokens each.
  expect(summary.costUsd).toBeCloseTo(1.1 * (0.004 + 0.02 + 0.01 + 0.05), 9);
});

test('an export of a session counts nothing again in a store that has its answers', async () => {
  const [from, room] = [await testGreenroom(), shared()];
  const [original = '', copy = ''] = chain(false);
  await importWith(from, original, copy);
  await importWith(room, copy);
  for (const id of ['sa', 'sb']) {
    const text = from.sessions.exportSession(id);
    await room.sessions.importSession(text, id === 'sb' ? { as: 'sx' } : {});
  }
  expect(await agreed(room, cwd)).toBeCloseTo(usd(7_000), 9);
  expect(await bySession(room)).toMatchObject({
    sa: { own: 0, inherited: expect.closeTo(usd(3_000), 9) },
    sx: { own: 0, inherited: expect.closeTo(usd(7_000), 9) },
  });
});

test('what was given up to an import that is then refused counts where it counted before', async () => {
  const answered = gate();
  const room = await testGreenroom({ script: holding(answered.opened) });
  onTestFinished(answered.open);
  const [original = '', copy = ''] = chain(false);
  const begun = write(newFolder(), 'sa', transcript('sa', [answer('r1', 1_000)]));
  await importWith(room, begun);
  await importWith(room, copy);
  const before = await bySession(room);
  const turn = room.begin('sa', 'hold', { provider: 'anthropic' });
  await turn.saw('turn.started');
  const refused = await importWith(room, original);
  expect(refused.code).toBe(1);
  expect(await bySession(room)).toEqual(before);
  answered.open();
  await turn.done;
});

test('a session that gives answers up stays where it was in the order of what was last said', async () => {
  const room = await testGreenroom();
  const [original = '', copy = ''] = chain(false);
  await importWith(room, copy);
  const { updatedAt } = await room.sessions.get('sb');
  await importWith(room, original);
  expect(await bySession(room)).toMatchObject({ sb: { inherited: expect.closeTo(usd(3_000), 9) } });
  expect((await room.sessions.get('sb')).updatedAt).toBe(updatedAt);
});

test('a session that says less than its answers cost is never below nothing', async () => {
  const room = await testGreenroom();
  const [original = '', copy = ''] = chain(false);
  await importWith(room, copy);
  await room.greenroom.store().updateMetadata('sb', { totalCostUsd: 0.000001, usage: {} });
  await importWith(room, original);
  const session = await room.sessions.get('sb');
  expect(session.totalCostUsd).toBe(0);
  expect(Object.values(session.usage).filter((count) => count < 0)).toEqual([]);
  await room.sessions.importSession(room.sessions.exportSession('sb'), { as: 'again' });
});
