/**
 * An imported session that Claude Code and Greenroom both go on with: what was said here stays the model's view until a
 * person chooses, and neither side is lost, whichever way the lines come and whatever dies between.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentSdkSessionStore, type TranscriptEntry } from '../../src/agent-sdk/index.ts';
import { textAnswer } from '../../src/rehearsal/answer.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import {
  lastText,
  sharedGreenroom,
  type TestGreenroom,
  testGreenroom,
  unstartedGreenroom,
} from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { gate, until } from '../support/until.ts';

/** A real transcript of Claude Code; in its second part the model finds the folder empty and writes a file. */
const TRANSCRIPT = new URL(
  '../fixtures/transcripts/d-kimuson__claude-code-viewer/sample-project/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl',
  import.meta.url,
);
const LINES = readFileSync(TRANSCRIPT, 'utf8').trimEnd().split('\n');
const CUT = 23;
const FIRST = LINES.slice(0, CUT);
const THEIRS = 'The directory appears to be empty';
const THEIR_END = 'created a basic CLAUDE.md';

const importing = (test: TestGreenroom, id: string, fromLine: number, lines: readonly string[]) =>
  test.greenroom.api.session(id, 'import', {
    ...{ externalKey: 'elsewhere', fromLine, lines: [...lines] },
  });

/** What may be among what the model is sent. */
const MARKS = [
  ...['SUMMARY', THEIRS, THEIR_END, 'SAID-HERE', 'BEHIND-THEIRS', 'BEHIND-OURS'],
  ...['AGAIN-HERE', 'ONCE-MORE', 'CONTINUED'],
];

/** What of it the model was sent by the last call. */
const seen = (test: TestGreenroom): string[] =>
  MARKS.filter((mark) => test.lastCall.includes(mark));

const actionsOf = async (test: TestGreenroom, id: string) =>
  (await test.sessions.audit(id)).audit.map(({ action }) => action);

const held = gate();
const shared = sharedGreenroom({
  script: (request) =>
    lastText(request).includes('held')
      ? { ...textAnswer('held'), gate: { afterEvents: 3, until: held.opened } }
      : undefined,
});

/** Imported, gone on with here, and then there. */
const dividedSession = async (test: TestGreenroom, id: string) => {
  await importing(test, id, 0, FIRST);
  await test.run(id, 'SAID-HERE');
  await importing(test, id, CUT, LINES.slice(CUT));
};

describe('a session that two programs went on with', () => {
  it('has two branches; the model sees what was said here, and a turn goes on', async () => {
    const test = shared();
    await importing(test, 's', 0, FIRST);
    await test.run('s', 'SAID-HERE');
    const before = await test.sessions.get('s');
    expect(before.branches).toBeUndefined();
    const { session } = await importing(test, 's', CUT, LINES.slice(CUT));
    expect(session.branches).toEqual({ chosen: 1, numbers: [1, 2], isOpen: false });
    await test.run('s', 'AGAIN-HERE');
    expect(seen(test)).toEqual(['SAID-HERE', 'AGAIN-HERE']);
    expect(await actionsOf(test, 's')).toEqual(['imported', 'divided']);
    expect(await test.sessions.branches('s')).toMatchObject({
      partedAfter: CUT,
      branches: [
        { number: 1, isChosen: true, isOpen: false, messages: 4 },
        { number: 2, isChosen: false, isOpen: true, messages: LINES.length - CUT },
      ],
    });
  });

  it('goes on where a person chooses, back and forth, and loses nothing', async () => {
    const test = shared();
    await dividedSession(test, 's');
    await test.sessions.chooseBranch('s', 2);
    await test.run('s', 'BEHIND-THEIRS');
    expect(seen(test)).toEqual([THEIRS, THEIR_END, 'BEHIND-THEIRS']);
    await test.sessions.chooseBranch('s', 1);
    await test.run('s', 'BEHIND-OURS');
    expect(seen(test)).toEqual(['SAID-HERE', 'BEHIND-OURS']);
    await test.sessions.chooseBranch('s', 2);
    await test.run('s', 'ONCE-MORE');
    expect(seen(test)).toEqual([THEIRS, THEIR_END, 'BEHIND-THEIRS', 'ONCE-MORE']);
    const { entries } = await test.sessions.messages('s');
    expect(entries).toHaveLength(LINES.length + 8);
    expect(await actionsOf(test, 's')).toEqual([
      ...['imported', 'divided', 'branched', 'branched', 'branched'],
    ]);
  });

  it('takes in what comes later where the model sees the other program, and parts again behind a turn', async () => {
    const test = shared();
    const third = CUT + 3;
    await importing(test, 's', 0, FIRST);
    await test.run('s', 'SAID-HERE');
    await importing(test, 's', CUT, LINES.slice(CUT, third));
    await test.sessions.chooseBranch('s', 2);
    const { session } = await importing(test, 's', third, LINES.slice(third, third + 2));
    expect(session.branches).toEqual({ chosen: 2, numbers: [1, 2], isOpen: true });
    await test.run('s', 'BEHIND-THEIRS');
    const again = await importing(test, 's', third + 2, LINES.slice(third + 2));
    expect(again.session.branches).toEqual({ chosen: 2, numbers: [1, 2, 3], isOpen: false });
    await test.run('s', 'AGAIN-HERE');
    expect(seen(test)).toEqual([THEIRS, 'BEHIND-THEIRS', 'AGAIN-HERE']);
    await test.sessions.chooseBranch('s', 3);
    await test.run('s', 'CONTINUED');
    expect(seen(test)).toEqual([THEIRS, THEIR_END, 'CONTINUED']);
  });

  it('is the same when the lines come twice, or one by one over restarts', async () => {
    const test = await testGreenroom();
    await dividedSession(test, 'once');
    await dividedSession(test, 'twice');
    await importing(test, 'twice', 0, LINES);
    await importing(test, 'pieces', 0, FIRST);
    await test.run('pieces', 'SAID-HERE');
    for (let at = CUT; at < LINES.length; at += 1) {
      if (at === CUT + 2) await test.restart();
      await importing(test, 'pieces', at, LINES.slice(at, at + 1));
    }
    const branches = async (id: string) => {
      const { sessionId: _, branches: all, ...rest } = await test.sessions.branches(id);
      return { ...rest, all: all.map(({ lastAt: __, ...branch }) => branch) };
    };
    expect(await branches('twice')).toEqual(await branches('once'));
    expect(await branches('pieces')).toEqual(await branches('once'));
    expect(await actionsOf(test, 'twice')).toEqual(await actionsOf(test, 'once'));
    await test.stop();
    const verdict = await verifyInChild(join(test.dataDir, 'store'));
    expect(verdict).toMatchObject({ isSound: true });
  });

  it('is not divided by lines in which nothing is said, or that were written again', async () => {
    const test = shared();
    await importing(test, 's', 0, FIRST);
    await test.run('s', 'SAID-HERE');
    const note = '{"type":"custom-title","customTitle":"Named there"}';
    await importing(test, 's', CUT, [note, ...FIRST.slice(-3)]);
    expect((await test.sessions.get('s')).branches).toBeUndefined();
  });

  it('gives a fork the branch that it is made of, or that its place is in', async () => {
    const test = shared();
    await dividedSession(test, 's');
    const { session } = await test.greenroom.api.session('s', 'fork', {
      ...{ newSessionId: 'theirs', branch: 2 },
    });
    expect(session.parent).toEqual({ sessionId: 's', seq: LINES.length + 2 });
    await test.run('theirs', 'CONTINUED');
    expect(seen(test)).toEqual([THEIRS, THEIR_END, 'CONTINUED']);
    const asThey = test.lastCall;
    await test.sessions.fork('s', { newSessionId: 'ours' });
    await test.run('ours', 'CONTINUED');
    expect(seen(test)).toEqual(['SAID-HERE', 'CONTINUED']);
    await test.sessions.fork('s', { newSessionId: 'at', atSeq: LINES.length + 2 });
    await test.run('at', 'CONTINUED');
    expect(test.lastCall).toBe(asThey);
    await expect(test.sessions.fork('s', { branch: 3 })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('keeps its branches over an export, and each its own compaction', async () => {
    const test = shared();
    await dividedSession(test, 's');
    await test.sessions.compact('s', { summary: 'SUMMARY' });
    await test.sessions.chooseBranch('s', 2);
    await test.sessions.importSession(test.sessions.exportSession('s'), { as: 'copy' });
    for (const id of ['s', 'copy']) {
      await test.run(id, 'CONTINUED');
      expect(seen(test)).toEqual([THEIRS, THEIR_END, 'CONTINUED']);
      await test.sessions.chooseBranch(id, 1);
      await test.run(id, 'AGAIN-HERE');
      expect(seen(test)).toEqual(['SUMMARY', 'AGAIN-HERE']);
    }
  });

  it('refuses a branch that is not there, and a choice while a turn is open', async () => {
    const test = shared();
    await importing(test, 's', 0, FIRST);
    await expect(test.sessions.chooseBranch('s', 2)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await test.run('s', 'SAID-HERE');
    await importing(test, 's', CUT, LINES.slice(CUT));
    const running = test.begin('s', 'held');
    await running.saw('delta');
    await expect(test.sessions.chooseBranch('s', 2)).rejects.toMatchObject({
      code: 'invalid_state',
    });
    held.open();
    await running.finished();
    await test.sessions.chooseBranch('s', 2);
    expect((await test.sessions.get('s')).branches).toMatchObject({ chosen: 2 });
  });
});

it('divides a session that the Agent SDK goes on with, and gives the SDK its own lines alone', async () => {
  const test = shared();
  const store = agentSdkSessionStore(test.greenroom);
  const key = { projectKey: '-home-me-app', sessionId: 'mirrored' };
  const entries = LINES.map((line) => JSON.parse(line) as TranscriptEntry);
  await store.append(key, entries.slice(0, CUT));
  await test.run('mirrored', 'SAID-HERE');
  await store.append(key, entries.slice(CUT));
  await store.append(key, entries.slice(CUT));
  expect((await test.sessions.get('mirrored')).branches).toMatchObject({ chosen: 1 });
  expect(await store.load(key)).toEqual(entries);
  await test.run('mirrored', 'AGAIN-HERE');
  expect(seen(test)).toEqual(['SAID-HERE', 'AGAIN-HERE']);
  await test.sessions.chooseBranch('mirrored', 2);
  await test.run('mirrored', 'BEHIND-THEIRS');
  expect(seen(test)).toEqual([THEIRS, THEIR_END, 'BEHIND-THEIRS']);
  expect(await store.load(key)).toEqual(entries);
});

it('keeps the branch over a daemon that is killed in a turn', async () => {
  const test = await unstartedGreenroom({});
  await test.start();
  await dividedSession(test, 's');
  await test.sessions.chooseBranch('s', 2);
  await test.stop();
  const env = { GREENROOM_CRASHPOINT: 'step.outcome:1' };
  const child = new GreenroomProcess(test.dataDir, test.rehearsal.url, env);
  await child.saw('ready');
  child.turn('s', 'BEHIND-THEIRS', 't');
  await child.died();
  await test.start();
  await until(async () => (await test.sessions.turnStatus('s', 't')).status === 'completed');
  expect(seen(test)).toEqual([THEIRS, THEIR_END, 'BEHIND-THEIRS']);
});
