/**
 * The daemon is killed with SIGKILL while sub-agents are at work, at each crash point of their way. What is left is looked
 * at from outside: every call has its result, every sub-agent ran one turn, and no command ran twice.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionsFacade } from '../../src/index.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { awaitRest, withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { isFull } from './size.ts';

const POINTS = ['turn.accepted', 'tool.started', 'tool.outcome', 'step.outcome', 'turn.finished'];
/** Where it dies, and on which passage: later ones are in the children, or behind them. */
const AIMS = isFull()
  ? POINTS.flatMap((point) => [1, 2, 3, 4, 5, 6].map((passage) => [point, passage] as const))
  : ([['tool.outcome', 4]] as const);
const CHILDREN = 2;
const REST_MS = 120_000;

const rehearsed = (groups: readonly (readonly (readonly [string, object])[])[], last: string) =>
  [
    ...groups.map(
      (group) =>
        `[[rehearse: ${group.map(([tool, input]) => `tool=${tool} input=${JSON.stringify(input)}`).join(' ')}]]`,
    ),
    `[[rehearse: text=${last}]]`,
  ].join(' ');

const agent = (prompt: string) => ['Agent', { description: 'Leave a mark', prompt }] as const;

const prompt = (marks: string): string =>
  rehearsed(
    [
      Array.from({ length: CHILDREN }, (_, n) =>
        agent(rehearsed([[['Bash', { command: `echo c${n} >> ${marks}` }]]], `child${n}`)),
      ),
    ],
    'all',
  );

const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : (content as readonly { readonly text?: string }[]).map(({ text = '' }) => text).join('');

/** What is wrong after it, in words. */
const faultsOf = async (sessions: SessionsFacade, marks: string): Promise<readonly string[]> => {
  const faults: string[] = [];
  const { status } = await sessions.turnStatus('s', 't');
  if (status !== 'completed') faults.push(`the turn is ${status}`);
  const { entries } = await sessions.messages('s', { limit: 100 });
  const results = entries.flatMap((entry) =>
    entry.type === 'message' && !entry.isPartial && typeof entry.message.content !== 'string'
      ? entry.message.content.filter(({ type }) => type === 'tool_result')
      : [],
  );
  const told = results.map((block) => textOf(block['content']));
  const wanted = Array.from({ length: CHILDREN }, (_, n) => `child${n}`);
  if (told.join() !== wanted.join()) faults.push(`the results are ${JSON.stringify(told)}`);
  const { sessions: children } = await sessions.search({ childOf: 's' });
  if (children.length !== CHILDREN) faults.push(`there are ${children.length} children`);
  for (const { sessionId } of children) {
    const { turns } = await sessions.turns(sessionId);
    if (turns.length !== 1) faults.push(`${sessionId} ran ${turns.length} turns`);
  }
  const ran = existsSync(marks) ? readFileSync(marks, 'utf8').trim().split('\n') : [];
  if (new Set(ran).size !== ran.length) faults.push(`commands ran twice: ${ran}`);
  return faults;
};

describe.skipIf(withoutNatsServer())('a daemon that is killed while sub-agents work', () => {
  it('goes on with each of them, and loses and doubles none', { timeout: 1_800_000 }, async () => {
    const hits: string[] = [];
    for (const [point, passage] of AIMS) {
      const folder = mkdtempSync(join(tmpdir(), 'greenroom-sub-agents-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const marks = join(folder, 'marks');
      const daemon = new DaemonProcess();
      const { natsUrl } = await daemon.start({ GREENROOM_CRASHPOINT: `${point}:${passage}` });
      await withClient(natsUrl, async (client) => {
        const sessions = new SessionsFacade(client);
        await sessions.create('s', {
          ...{ workingDirectory: folder, permissionMode: 'bypassPermissions' },
        });
        const turn = client.turn('s', { turnId: 't', prompt: prompt(marks) });
        // It dies in the middle of that, or not at all; the rest is for the next daemon.
        const read = (async () => {
          for await (const _ of turn);
        })().catch(() => undefined);
        await Promise.race([read, daemon.gone]);
      });
      if (!daemon.isRunning) hits.push(`${point}:${passage}`);
      await daemon.kill();
      const again = await daemon.start();
      expect(await awaitRest(again.natsUrl, REST_MS)).toEqual([]);
      const faults = await withClient(again.natsUrl, (client) =>
        faultsOf(new SessionsFacade(client), marks),
      );
      expect(faults, `${point}:${passage}`).toEqual([]);
      await daemon.kill();
    }
    expect(hits.length, `it died at ${hits}`).toBeGreaterThan(AIMS.length / 3);
  });
});
