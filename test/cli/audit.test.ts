/** What became of sessions and of their tools' calls, as a table and as JSON lines. */
import { expect, test } from 'vitest';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

const DENIED = {
  ...{ at: '2026-11-21T11:59:00Z', kind: 'permission', action: 'denied', by: 'request' },
  details: { turnId: 't1', tool: 'Bash', reason: 'not today' },
};
const OF_WORK = { sessionId: 'work', ...DENIED };

test('without a session it is that of all, with the session that each is about', async () => {
  const daemon = new FakeDaemon({ 'sessions.audit-all': { audit: [OF_WORK] } });
  const { out } = await greenroom('audit', { daemon, isTerminal: true, columns: 80 });
  expect(out).toMatch(/1 min ago +work +permission +denied +request +Bash: not today/);
});

test('what was decided about is shown, also where only the question has it', async () => {
  const details = { toolUseId: 'u1', tool: 'Bash' };
  const asked = { ...DENIED, action: 'asked', by: 'greenroom', details };
  const input = '{"command":"npm publish"}';
  const audit = [
    { ...asked, details: { ...details, input, reason: 'no rule allows it' } },
    { ...DENIED, details: { ...details, reason: 'not today' } },
    { ...DENIED, details: { ...details, toolUseId: 'u2', reason: 'no' } },
  ];
  const { out } = await greenroom('audit work', { daemon: new FakeDaemon({ audit: { audit } }) });
  expect(out).toContain(`Bash ${input}: no rule allows it\n`);
  expect(out).toContain(`Bash ${input}: not today\n`);
  expect(out).toContain(`Bash: no\n`);
});

test('a call that a person allowed with another input has that, and its question the first', async () => {
  const details = { toolUseId: 'u1', tool: 'Bash' };
  const audit = [
    { ...DENIED, action: 'asked', details: { ...details, input: 'first', reason: 'no rule' } },
    { ...DENIED, action: 'allowed', details: { ...details, input: 'other', reason: 'so' } },
  ];
  const { out } = await greenroom('audit work', { daemon: new FakeDaemon({ audit: { audit } }) });
  expect(out).toContain('Bash first: no rule\n');
  expect(out).toContain('Bash other: so\n');
});

test('what is asked for is asked of the daemon, page by page, as far as it is wanted', async () => {
  const daemon = new FakeDaemon({
    audit: ({ cursor }: { cursor?: string }) =>
      cursor === undefined
        ? { audit: [DENIED], nextCursor: 'more' }
        : { audit: [DENIED, DENIED], nextCursor: 'yet more' },
  });
  const words = 'audit work --kind permission --decision denied --tool Bash --after 1d --limit 3';
  const { out } = await greenroom(`${words} --json`, { daemon });
  expect(jsonLines(out)).toEqual([DENIED, DENIED, DENIED]);
  const filter = { kind: 'permission', decision: 'denied', tool: 'Bash' };
  const asked = daemon.asked.filter(([verb]) => verb === 'work.audit');
  expect(asked.map(([, request]) => request)).toMatchObject([
    { ...filter, after: '2026-11-20T12:00:00.000Z', limit: 3 },
    { ...filter, after: '2026-11-20T12:00:00.000Z', limit: 2, cursor: 'more' },
  ]);
});

test('none is said so, and a decision that there is not is refused', async () => {
  const daemon = new FakeDaemon({ 'sessions.audit-all': { audit: [] } });
  expect((await greenroom('audit', { daemon })).err).toContain('no record is like that');
  expect((await greenroom('audit --decision maybe', { daemon })).err).toContain(
    'allowed, denied, asked',
  );
});

test('that of some sessions is asked for by their owner and tags, and not beside the name of one', async () => {
  const daemon = new FakeDaemon({ 'sessions.audit-all': { audit: [OF_WORK] } });
  await greenroom('audit --owner ann --all-tags red --all-tags blue', { daemon });
  expect(daemon.asked).toContainEqual([
    'sessions.audit-all',
    expect.objectContaining({ owner: 'ann', allTags: ['red', 'blue'] }),
  ]);
  const { err, code } = await greenroom('audit work --owner ann', { daemon });
  expect([code, err]).toEqual([2, expect.stringContaining('choose among sessions')]);
});
