/** `sessions retag`, `retags` and `by`: what they ask of the daemon, and what they say. */
import { expect, test } from 'vitest';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const JOB = {
  ...{ jobId: 'j1', state: 'done', matched: 1_200, changed: 1_200, failed: 0 },
  ...{ askedAt: '2026-11-21T11:58:00Z', by: 'ann', change: { add: ['y'] }, criteria: {} },
} as const;

const SHOWN = [
  { sessionId: 's1', title: 'One', tags: ['x'], newTags: ['x', 'y'] },
  { sessionId: 's2', tags: [], newTags: null },
];

test('retag sends its order with the query, and tells what became of it', async () => {
  const daemon = new FakeDaemon({ 'sessions.retag': { job: JOB, matched: 1_200 } });
  const { code, out } = await greenroom(
    'sessions retag dir:/srv/* --rename bug=defect --rename team/*=squad/* --remove x --add y --yes',
    { daemon },
  );
  expect([code, out]).toEqual([0, '1,200 sessions changed\n']);
  expect(daemon.asked).toMatchObject([
    [
      'sessions.retag',
      {
        q: 'dir:/srv/*',
        rename: [
          { from: 'bug', to: 'defect' },
          { from: 'team/*', to: 'squad/*' },
        ],
        remove: ['x'],
        add: ['y'],
        wait: true,
      },
    ],
  ]);
});

test('a dry run shows what the first would become, and changes nothing', async () => {
  const reply = { job: null, matched: 3, sessions: SHOWN };
  const daemon = new FakeDaemon({ 'sessions.retag': reply });
  const { out } = await greenroom('sessions retag --add y --dry-run', { daemon });
  expect(out).toBe(
    'session  tags  new tags         title\n' +
      's1       x     x,y              One\n' +
      's2             (too many tags)\n' +
      '… and up to 1 session more\n' +
      '3 sessions would be looked at\n',
  );
  expect(daemon.asked).toEqual([['sessions.retag', { add: ['y'], dryRun: true }]]);
});

test('at a terminal it asks first, with how many sessions that are', async () => {
  const reply = { job: null, matched: 2, sessions: SHOWN };
  const daemon = new FakeDaemon({ 'sessions.retag': reply });
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return 'n';
  };
  const { code, err } = await greenroom('sessions retag --add y', { daemon, ask });
  expect(code).toBe(1);
  expect(err).toContain('nothing was changed');
  expect(questions).toHaveLength(1);
  expect(questions[0]).toMatch(/^session .*\ns1 .*\ns2 .*\nChange the tags of up to 2 sessions\? /);
});

test.each([
  ['sessions retag tag:x --yes', 'nothing to rename, remove or add'],
  ['sessions retag --rename bug --yes', 'write the old tag, = and the new one'],
  ['sessions retag --rename a=b=c --yes', 'write the old tag, = and the new one'],
  ['sessions by colour', 'colour is no field to count by'],
])('%s is a usage error', async (line, why) => {
  const { code, err } = await greenroom(line, { daemon: new FakeDaemon({}) });
  expect(code).toBe(2);
  expect(err).toContain(why);
});

test('one that goes on says so, and where to look', async () => {
  const job = { ...JOB, state: 'running', changed: 40 } as const;
  const daemon = new FakeDaemon({ 'sessions.retag': { job, matched: 1_200 } });
  const { code, out } = await greenroom('sessions retag --add y --yes --background', { daemon });
  expect([code, out]).toEqual([0, '40 sessions changed; it goes on: greenroom sessions retags\n']);
  expect(daemon.asked).toMatchObject([['sessions.retag', { wait: false }]]);
});

test('one that failed ends with 1 and the reason', async () => {
  const error = { code: 'unavailable', message: 'the store is read-only' };
  const job = { ...JOB, state: 'failed', changed: 2, failed: 5, error } as const;
  const daemon = new FakeDaemon({ 'sessions.retag': { job, matched: 9 } });
  const { code, out, err } = await greenroom('sessions retag --add y --yes', { daemon });
  expect(code).toBe(1);
  expect(out).toBe('2 sessions changed, 5 could not be changed: the store is read-only\n');
  expect(err).toContain('the store is read-only');
});

const NO_JOBS = { 'sessions.retags': { jobs: [] } };

test('retags shows what each changes and how far it has come, and stops one by its name', async () => {
  const waits = {
    ...{ ...JOB, jobId: 'j2', state: 'waiting', matched: null, changed: 0 },
    change: { rename: [{ from: 'a/*', to: 'b/*' }], remove: ['x'] },
    criteria: { q: 'dir:/srv today', timeZone: 'UTC', minCostUsd: 1 },
  };
  const daemon = new FakeDaemon({
    'sessions.retags': { jobs: [waits, JOB] },
    'sessions.stop-retag': { jobs: [] },
  });
  const { out } = await greenroom('sessions retags', { daemon });
  expect(out).toBe(
    'job  asked      state    looks at  changed  failed  change                       of\n' +
      'j2   2 min ago  waiting         -        0       0  --rename a/*=b/* --remove x  dir:/srv today minCostUsd=1\n' +
      'j1   2 min ago  done        1,200    1,200       0  --add y                      all\n',
  );
  expect((await greenroom('sessions retags', { daemon: new FakeDaemon(NO_JOBS) })).err).toContain(
    'none since the daemon began',
  );
  const { code, err } = await greenroom('sessions retags --stop j9', { daemon });
  expect(code).toBe(1);
  expect(err).toContain('no change of tags is called j9');
});

test('by tells sessions, cost, turns and tokens of each value; days are those of this machine', async () => {
  const facets = [{ value: '2026-11-20', sessions: 12, costUsd: 3.5, tokens: 48_000, turns: 40 }];
  const daemon = new FakeDaemon({ 'sessions.facets': { facets, values: 3 } });
  const { out, err } = await greenroom('sessions by day tag:x --tool Bash --has-errors', {
    daemon,
  });
  expect(out).toBe(
    'sessions   cost  turns  tokens         day\n' + '      12  $3.50     40  48,000  2026-11-20\n',
  );
  expect(err).toBe('there are 3: raise --limit\n');
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  expect(daemon.asked).toEqual([
    [
      'sessions.facets',
      { by: 'day', q: 'tag:x', tool: 'Bash', hasErrors: true, limit: 100, timeZone },
    ],
  ]);
});
