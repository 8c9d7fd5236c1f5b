/** Retention rules: what they say is wrong, which sessions go by them, and what is kept of those. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Rule, rulesIn } from '../../src/housekeeping/retention-rules.ts';
import { codeOf } from '../../src/model/errors.ts';
import { sweeperName } from '../../src/session/ports/sweeper.ts';
import { tenant } from '../search/summary-row.ts';
import { HOUR_MS, Stage } from './stage.ts';

const ruleFile = (text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'retention.json');
  writeFileSync(file, text);
  return file;
};
const file = (...rules: object[]) => ruleFile(JSON.stringify({ rules }));
const rules = (...all: object[]): readonly Rule[] => rulesIn(file(...all));

describe('a file of rules', () => {
  test('is read as it stands', () => {
    const rule = { name: 'scratch', q: 'tag:scratch updated:..7d', keepNewest: 3 };
    expect(rules(rule)).toEqual([rule]);
  });

  test.each([
    ['no JSON', () => ruleFile('{'), 'JSON'],
    ['none', () => '/nonexistent/rules.json', 'ENOENT'],
    ['a query with a mistake', () => file({ name: 'a', q: 'tga:x' }), 'rules.0.q: column 1: tga'],
    ['a query that asks for nothing', () => file({ name: 'a', q: ' ' }), 'asks for nothing'],
    ['words', () => file({ name: 'a', q: 'tag:x -keep' }), 'takes keys such as tag: and no words'],
    ['what nothing can meet', () => file({ name: 'a', q: 'tag:x -tag:x' }), 'nothing can meet it'],
    ['an order', () => file({ name: 'a', q: 'tag:x sort:cost' }), 'a rule has no order'],
    [
      'a field that is none',
      () => file({ name: 'a', q: 'tag:x', keep: 1 }),
      'rules.0.keep: is not known',
    ],
    [
      'a name twice',
      () => file({ name: 'a', q: 'tag:x' }, { name: 'a', q: 'tag:y' }),
      'a is there twice',
    ],
    ['no bytes to keep', () => file({ name: 'a', q: 'tag:x', keepBytes: 0 }), 'rules.0.keepBytes'],
    ['nothing to keep', () => file({ name: 'a', q: 'tag:x', keepNewest: 0 }), 'rules.0.keepNewest'],
  ])('with %s is refused, with the place', (_, made, why) => {
    const read = () => rulesIn(made());
    expect(read).toThrow(why);
    expect(read).toThrow('GREENROOM_RETENTION_FILE');
    expect(read).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  });
});

const withRules = async (...all: object[]) => {
  const stage = new Stage();
  const start = (more: Parameters<Stage['start']>[0] = {}) =>
    stage.start({ rules: rules(...all), maxAgeDays: 0, ...more });
  const retain = async (order: { rule?: string; dryRun?: boolean } = {}) => {
    const { rule, dryRun = false } = order;
    const asked = stage.system
      .fetch(sweeperName)
      .retain(tenant, { rule, dryRun, by: 'ann' })
      .catch((error: unknown) => error);
    await stage.clock.advance(1_000);
    return asked;
  };
  return { stage, start, retain };
};

test('what meets a rule goes by the schedule, and what does not stays, though no age is set', async () => {
  const { stage, start } = await withRules({ name: 'scratch', q: 'tag:scratch updated:..7d' });
  stage.add('old', 8, { tags: ['scratch'] });
  stage.add('young', 5, { tags: ['scratch'] });
  stage.add('other', 400);
  await start();
  await stage.clock.advance(24 * HOUR_MS + 1_000);
  expect(await stage.left()).toEqual(['other', 'young']);
  expect(stage.notices).toMatchObject([{ by: 'cleaner', rule: 'scratch', report: { count: 1 } }]);
});

test('a hold, an unfinished turn and what changes meanwhile are spared by rules as by age', async () => {
  const { stage, start, retain } = await withRules({ name: 'all', q: 'updated:..1d' });
  stage.add('held', 40, { tags: ['Hold'] });
  stage.add('busy', 40, { openTurns: 1 });
  stage.add('waiting', 40, { status: 'waiting' });
  stage.add('imported', 40, { importedAtMs: stage.clock.now() + 1 });
  stage.add('gone', 40);
  await start();
  expect(await retain()).toMatchObject([
    { rule: 'all', count: 1, sessions: [{ sessionId: 'gone' }] },
  ]);
  expect(await stage.left()).toEqual(['busy', 'held', 'imported', 'waiting']);
});

test('what is archived first, and what archives have of those that went, is in the report', async () => {
  const rule = { name: 'all', q: 'updated:..1d', archiveFirst: true };
  const archived: string[] = [];
  const { stage, start, retain } = await withRules(rule);
  stage.add('ended', 50, { status: 'completed' });
  stage.add('stored', 45, { status: 'archived', hasArchive: true });
  stage.add('gone', 42, { status: 'archived', hasArchive: true });
  stage.add('idle', 40);
  await start({
    archive: async ({ sessionId }) => void archived.push(sessionId),
    stored: async ({ sessionId }) =>
      sessionId === 'stored' ? { storedBytes: 700, freedBytes: 2_000 } : undefined,
  });
  const report = {
    count: 3,
    archives: { asked: 1, kept: 1, storedBytes: 700, freedBytes: 2_000 },
  };
  expect(await retain({ dryRun: true })).toMatchObject([report]);
  expect([archived, await stage.left()]).toEqual([[], ['ended', 'gone', 'idle', 'stored']]);
  expect(await retain()).toMatchObject([report]);
  expect([archived, await stage.left()]).toEqual([['ended'], ['ended']]);
  expect(stage.notices).toMatchObject([{ changed: 0, failed: 0, report }]);
});

test('the newest stay, of all and of each directory', async () => {
  const { stage, start, retain } = await withRules(
    { name: 'newest', q: 'tag:a', keepNewest: 2 },
    { name: 'dirs', q: 'tag:b', keepPerDirectory: 1 },
  );
  for (let n = 0; n < 5; n++) stage.add(`a${n}`, n + 1, { tags: ['a'] });
  for (let n = 0; n < 6; n++)
    stage.add(`b${n}`, n + 1, {
      tags: ['b'],
      // With a slash behind it, it is the same directory.
      ...(n < 4 ? { workingDirectory: `/d${n % 2}${n < 2 ? '/' : ''}` } : {}),
    });
  await start();
  expect(await retain()).toMatchObject([{ count: 3 }, { count: 3 }]);
  expect(await stage.left()).toEqual(['a0', 'a1', 'b0', 'b1', 'b4']);
});

describe('the newest that take so many bytes stay', () => {
  const sized = async (rule: object, sizes: readonly number[]) => {
    const { stage, ...rest } = await withRules({ name: 'size', q: 'tag:a', ...rule });
    for (const n of sizes.keys()) stage.add(`s${n}`, n + 1, { tags: ['a'] });
    stage.journal.size = (sessionId) => {
      measured.push(sessionId);
      return sizes[Number(sessionId.slice(1))] ?? 0;
    };
    const measured: string[] = [];
    return { stage, measured, ...rest };
  };

  test.each([
    ['all fit, to the byte', { keepBytes: 600 }, [100, 200, 300], ['s0', 's1', 's2']],
    ['one byte is missing', { keepBytes: 599 }, [100, 200, 300], ['s0', 's1']],
    ['a small one is older than one that did not fit', { keepBytes: 500 }, [100, 900, 1], ['s0']],
    ['the newest alone is too large', { keepBytes: 10 }, [100, 1], []],
    ['another number keeps more', { keepBytes: 100, keepNewest: 2 }, [100, 9, 9], ['s0', 's1']],
    ['another number keeps less', { keepBytes: 109, keepNewest: 1 }, [100, 9, 9], ['s0', 's1']],
  ])('%s', async (_, rule, sizes, left) => {
    const { stage, start, retain } = await sized(rule, sizes);
    await start();
    const gone = sizes.slice(left.length);
    const bytes = gone.reduce((sum, size) => sum + size, 0);
    const report = { count: gone.length, sessions: gone.map(() => expect.anything()) };
    expect(await retain({ dryRun: true })).toMatchObject([{ ...report, bytes }]);
    expect(await stage.left()).toHaveLength(sizes.length);
    expect(await retain()).toMatchObject([report]);
    expect(await stage.left()).toEqual(left);
  });

  test('what is older than the first that does not fit is not even measured', async () => {
    const sizes = Array.from({ length: 250 }, () => 10);
    const { stage, start, retain, measured } = await sized({ keepBytes: 1_200 }, sizes);
    await start();
    expect(await retain()).toMatchObject([{ count: 130 }]);
    expect(await stage.left()).toHaveLength(120);
    expect(measured).toEqual(Array.from({ length: 121 }, (_, n) => `s${n}`));
  });

  test('killed in the middle, the next run ends with the same ones', async () => {
    const sizes = Array.from({ length: 450 }, () => 10);
    const { stage, start, retain } = await sized({ keepBytes: 1_200 }, sizes);
    stage.before = () => {
      if (stage.asked.length === 150) stage.killCleaner();
    };
    await start();
    expect(codeOf(await retain())).toBe('unavailable');
    expect((await stage.left()).length).toBeGreaterThan(120);
    await stage.clock.advance(24 * HOUR_MS + 1_000);
    expect(await stage.left()).toEqual(Array.from({ length: 120 }, (_, n) => `s${n}`).toSorted());
  });

  test('a hold and unfinished turns are spared; a hold takes no room, unfinished turns take theirs', async () => {
    const { stage, start, retain } = await sized({ keepBytes: 200 }, [100, 100, 100]);
    stage.add('s0', 1, { tags: ['a', 'hold'] });
    stage.add('s1', 2, { tags: ['a'], status: 'waiting' });
    stage.add('s3', 9, { tags: ['a'], openTurns: 1 });
    stage.add('s4', 9, { tags: ['a', 'hold'] });
    await start();
    expect(await retain()).toMatchObject([{ count: 0 }]);
    stage.journal.size = () => 150;
    expect(await retain()).toMatchObject([{ count: 1, sessions: [{ sessionId: 's2' }] }]);
    expect(await stage.left()).toEqual(['s0', 's1', 's3', 's4']);
  });
});

test('over many batches the same are kept', async () => {
  const { stage, start, retain } = await withRules({ name: 'a', q: 'tag:a', keepPerDirectory: 7 });
  for (let n = 0; n < 450; n++)
    stage.add(`s${n}`, n, { tags: ['a'], workingDirectory: `/d${n % 3}` });
  await start();
  expect(await retain()).toMatchObject([{ count: 450 - 21 }]);
  const kept = Array.from({ length: 21 }, (_, n) => `s${n}`).toSorted();
  expect(await stage.left()).toEqual(kept);
});

test('a dry run names the same and changes nothing; one rule can be asked for alone', async () => {
  const { stage, start, retain } = await withRules(
    { name: 'a', q: 'tag:a' },
    { name: 'b', q: 'tag:b' },
    { name: 'others', q: 'tag:a', tenant: 'other' },
  );
  stage.add('a', 1, { tags: ['a'] });
  stage.add('b', 1, { tags: ['b'] });
  stage.journal.size = () => 700;
  await start();
  const dry = await retain({ dryRun: true });
  expect(dry).toMatchObject([
    { rule: 'a', count: 1, bytes: 700 },
    { rule: 'b', count: 1, bytes: 700 },
  ]);
  expect(await retain({ rule: 'b' })).toMatchObject([{ rule: 'b', count: 1 }]);
  expect(await stage.left()).toEqual(['a']);
  expect(codeOf(await retain({ rule: 'others' }))).toBe('invalid_request');
});

test('an export is written before each deletion; where that fails, the session stays', async () => {
  const { stage, start, retain } = await withRules({ name: 'a', q: 'tag:a', exportTo: '/kept' });
  stage.add('good', 1, { tags: ['a'] });
  stage.add('bad', 2, { tags: ['a'] });
  await start();
  const copies: string[] = [];
  stage.copy = async (path) => {
    expect(stage.asked.map(({ sessionId }) => `/kept/${sessionId}`)).not.toContain(path);
    if (path.endsWith('bad')) throw new Error('ENOSPC');
    copies.push(path);
  };
  expect(await retain()).toMatchObject([{ count: 1, sessions: [{ sessionId: 'good' }] }]);
  expect(await stage.left()).toEqual(['bad']);
  expect(copies).toEqual(['/kept/good']);
  expect(stage.notices).toMatchObject([{ rule: 'a', failed: 1 }]);
});
