/** The question before something is deleted: asked of a person at a terminal, never of a script. */
import { expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const SESSION = { sessionId: 'demo', title: 'Fix the build', numTurns: 22 };

const daemonToDeleteFrom = () =>
  new FakeDaemon({
    get: { session: SESSION },
    delete: { deleted: true },
    'sessions.cleanup': ({ dryRun }: { dryRun: boolean }) => ({
      count: 1,
      bytes: 2_048,
      sessions: [{ sessionId: 'demo', updatedAt: '2026-10-01T00:00:00Z' }],
      dryRun,
    }),
  });

const answering = (answer: string) => {
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answer;
  };
  return { ask, questions };
};

const changes = (daemon: FakeDaemon): unknown[] =>
  daemon.asked.filter(
    ([asked, request]) =>
      asked === 'demo.delete' ||
      (asked === 'sessions.cleanup' && !(request as { dryRun: boolean }).dryRun),
  );

test.each(['sessions delete demo', 'cleanup --older-than 30d'])(
  '%s asks a person, and only a yes deletes',
  async (line) => {
    for (const [answer, code, count] of [
      ['y', 0, 1],
      ['YES ', 0, 1],
      ['', 1, 0],
      ['n', 1, 0],
      ['yesterday', 1, 0],
    ] as const) {
      const daemon = daemonToDeleteFrom();
      const { ask, questions } = answering(answer);
      const ran = await greenroom(line, { daemon, ask });
      expect([answer, ran.code, changes(daemon).length]).toEqual([answer, code, count]);
      expect(questions).toHaveLength(1);
      if (code === 1) expect(ran.err).toBe('error: nothing was deleted\n');
    }
  },
);

test('the question says what is to go', async () => {
  const { ask, questions } = answering('n');
  await greenroom('sessions delete demo', { daemon: daemonToDeleteFrom(), ask });
  expect(questions[0]).toBe('  demo  22 turns  Fix the build\nDelete 1 session? [y/N] ');
  await greenroom('cleanup', { daemon: daemonToDeleteFrom(), ask });
  expect(questions[1]).toContain(
    '1 session would be deleted, 2.0 kB would be freed\nDelete 1 session?',
  );
});

test.each([
  ['archived', '(its archive stays)'],
  ['idle', '(its archive lacks what came since)'],
])('of a session with an archive that is %s it says what stays', async (status, says) => {
  const session = { sessionId: 'demo', numTurns: 1, archiveId: 'a', status };
  const { ask, questions } = answering('n');
  await greenroom('sessions delete demo', { daemon: new FakeDaemon({ get: { session } }), ask });
  expect(questions[0]).toContain(`demo  1 turn  ${says}`);
});

test.each(['sessions delete demo --yes', 'cleanup --yes', 'cleanup --dry-run'])(
  '%s asks nobody',
  async (line) => {
    const { ask, questions } = answering('n');
    expect((await greenroom(line, { daemon: daemonToDeleteFrom(), ask })).code).toBe(0);
    expect(questions).toEqual([]);
  },
);

test('a script is not asked, and taken at its word', async () => {
  const daemon = daemonToDeleteFrom();
  expect((await greenroom('sessions delete demo', { daemon })).code).toBe(0);
  expect((await greenroom('cleanup', { daemon })).code).toBe(0);
  expect(changes(daemon)).toHaveLength(2);
});

test('cleanup takes a query and the options of a search, beside the age', async () => {
  const daemon = daemonToDeleteFrom();
  const line = 'cleanup tag:x cost:0 --query disk --max-cost 1 --tag y --older-than 7d --dry-run';
  expect((await greenroom(line, { daemon })).code).toBe(0);
  expect(daemon.asked).toEqual([
    [
      'sessions.cleanup',
      { q: 'disk tag:x cost:0', maxCostUsd: 1, tags: ['y'], maxAgeDays: 7, dryRun: true },
    ],
  ]);
});

test.each(['demo', 'tag:x OR -(demo)', '"demo"'])(
  'cleanup %s deletes nothing: the name of a session would be searched for as words',
  async (query) => {
    const daemon = daemonToDeleteFrom();
    const { code, err } = await greenroom(['cleanup', '--yes', query], { daemon });
    expect([code, daemon.asked]).toEqual([2, []]);
    expect(err).toContain('all old sessions in which "demo" was said');
  },
);

test('a question cannot be forged by the title of a session', async () => {
  const { ask, questions } = answering('n');
  const daemon = new FakeDaemon({
    get: { session: { ...SESSION, title: '\u001b[2J\r\nharmless' } },
  });
  await greenroom('sessions delete demo', { daemon, ask });
  expect(questions[0]).toContain('\\u001b[2J harmless');
});

const daemonWithout = (code: 'session_not_found' | 'invalid_session_id', found: object[]) =>
  new FakeDaemon({
    delete: () => {
      throw new GreenroomError(code, 'there is no session ab');
    },
    'sessions.search': { sessions: found },
  });

test.each([
  ['ab', 'session_not_found', 3],
  ['ab…', 'invalid_session_id', 2],
] as const)(
  '%s deletes nothing without a question, and the ids that begin so are named',
  async (words, why, exitCode) => {
    const daemon = daemonWithout(why, [{ sessionId: 'abc', title: 'One' }, { sessionId: 'abd' }]);
    const { code, out } = await greenroom(['sessions', 'delete', words, '--yes'], { daemon });
    expect(code).toBe(exitCode);
    expect(out).toContain('; write the whole id: abc (One), abd (');
    expect(daemon.asked).toEqual([
      [`${words}.delete`, {}],
      ['sessions.search', { idPrefix: 'ab', limit: 10 }],
    ]);
  },
);

test('where none begins so, the message is the one of the daemon', async () => {
  const daemon = daemonWithout('session_not_found', []);
  const { code, out } = await greenroom('sessions delete ab --yes', { daemon });
  expect([code, out]).toEqual([3, 'ab not deleted: there is no session ab (session_not_found)\n']);
  expect((await greenroom('sessions delete last --yes', { daemon })).out).toContain(
    'write the whole id of the last one',
  );
});
