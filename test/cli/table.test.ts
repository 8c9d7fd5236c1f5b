import fc from 'fast-check';
import { expect, test } from 'vitest';
import { table } from '../../src/cli/table.ts';
import { screen } from '../../src/cli/terminal.ts';
import { widthOf } from '../../src/cli/width.ts';
import { rounds } from '../support/rounds.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

test('columns are aligned, numbers to the right, the widest text cut to the width', () => {
  const columns = [{ head: 'name', least: 4 }, { head: 'n' }, { head: 'title', least: 5 }];
  const rows = [
    ['a', '5', 'short'],
    ['long-name', '1,000', 'a title that does not fit'],
  ];
  expect(table(columns, rows, 34).split('\n')).toEqual([
    'name           n  title',
    'a              5  short',
    'long-name  1,000  a title that do…',
    '',
  ]);
});

test('a terminal that does not say how wide it is has 80 columns, a pipe has no end', () => {
  const widthAs = (stream: object) => screen(stream as NodeJS.WriteStream).columns;
  expect(widthAs({ isTTY: true, columns: 0 })).toBe(80);
  expect(widthAs({ isTTY: true, columns: 132 })).toBe(132);
  expect(widthAs({ isTTY: false })).toBeUndefined();
});

test('where there is no room even so, columns that may be left out go', () => {
  const columns = [{ head: 'id', least: 4 }, { head: 'extra', leftOut: 1 }, { head: 'cost' }];
  expect(table(columns, [['abcdef', 'something', '$1']], 10)).toBe('id    cost\nabc…    $1\n');
});

const USERS_TEXTS = fc.string({ unit: 'grapheme', maxLength: 120 });
const summaries = fc.array(
  fc.record({
    sessionId: fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/),
    updatedAt: fc
      .integer({ min: 0, max: 400 * 86_400_000 })
      .map((ago) => new Date(Date.parse('2026-11-21T12:00:00Z') - ago).toISOString()),
    numTurns: fc.integer({ min: 0, max: 99_999 }),
    totalCostUsd: fc.option(fc.double({ min: 0, max: 99_999, noNaN: true })),
    knownCostUsd: fc.constant(12.5),
    status: fc.constantFrom('idle', 'terminated', 'waiting_approval'),
    tags: fc.array(fc.stringMatching(/^\S{1,20}$/), { maxLength: 5 }),
    title: USERS_TEXTS,
  }),
  { minLength: 1, maxLength: 5 },
);

const turns = fc.array(
  fc.record({
    turnId: fc.uuid(),
    status: fc.constantFrom('completed', 'interrupted'),
    acceptedAt: fc.constant('2026-11-20T12:00:00Z'),
    steps: fc.integer({ min: 0, max: 1_000 }),
    costUsd: fc.option(fc.double({ min: 0, max: 9_999, noNaN: true })),
    error: fc.record({ message: USERS_TEXTS }),
  }),
  { minLength: 1, maxLength: 5 },
);

const widest = (out: string): number => Math.max(...out.split('\n').map(widthOf));

test('from 60 columns on no row of sessions or turns is wider than the terminal', async () => {
  await fc.assert(
    fc.asyncProperty(
      summaries,
      turns,
      fc.integer({ min: 60, max: 140 }),
      async (rows, ran, columns) => {
        const daemon = new FakeDaemon({
          'sessions.search': { sessions: rows },
          turns: { turns: ran },
        });
        const sessions = await greenroom('sessions list', { daemon, isTerminal: true, columns });
        expect(widest(sessions.out)).toBeLessThanOrEqual(columns);
        const list = await greenroom('turns list demo', { daemon, isTerminal: true, columns });
        expect(widest(list.out)).toBeLessThanOrEqual(columns);
      },
    ),
    { numRuns: rounds(60) },
  );
});

test.each([
  'config',
  'sessions tags',
  'sessions directories',
  'turns refused',
  'cleanup --dry-run',
])('no row of %s is wider than 60 columns', async (line) => {
  const long = 'x'.repeat(100);
  const session = { sessionId: long, updatedAt: '2026-11-20T12:00:00Z', title: long };
  const refused = { ...session, turnId: long, code: 'invalid_request', message: long };
  const daemon = new FakeDaemon({
    'sessions.facets': {
      facets: [
        {
          value: long,
          sessions: 123_456,
          costUsd: 9_999.99,
          tokens: 12_345_678_901,
          turns: 99_999,
        },
      ],
      values: 1,
    },
    'sessions.cleanup': { count: 1, bytes: 2_048, sessions: [session], dryRun: true },
    refused: [{ ...refused, refusedAt: session.updatedAt }],
  });
  const env = { GREENROOM_DATA_DIR: `/${long}` };
  const ran = await greenroom(line, { daemon, env, isTerminal: true, columns: 60 });
  expect(ran.code).toBe(0);
  expect(widest(ran.out)).toBeLessThanOrEqual(60);
});
