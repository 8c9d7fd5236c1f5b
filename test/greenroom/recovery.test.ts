/** After `kill -9`: what was accepted finishes once, in order, and the books agree. */
import { describe, expect, it } from 'vitest';
import { CRASHPOINTS } from '../../src/platform/crashpoint.ts';
import { holding, type TestGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { gate, until } from '../support/until.ts';

/** Everything that must agree, whatever was killed when. */
const books = async (test: TestGreenroom, name: string) => {
  const session = await test.sessions.get(name);
  const { entries } = await test.sessions.messages(name, { limit: 1000, includePartial: true });
  const { turns } = await test.sessions.turns(name, { limit: 1000 });
  const messages = entries.flatMap((entry) => (entry.type === 'message' ? [entry] : []));
  const answers = messages.filter(({ message }) => message.role === 'assistant');
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
  expect(session.numTurns).toBe(turns.length);
  expect(session.messageCount).toBe(messages.filter(({ isPartial }) => !isPartial).length);
  const sum = (numbers: (number | null | undefined)[]) =>
    numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
  expect(session.usage.inputTokens).toBe(sum(answers.map(({ usage }) => usage?.inputTokens)));
  expect(session.usage.outputTokens).toBe(sum(turns.map(({ usage }) => usage.outputTokens)));
  expect(session.totalCostUsd).toBeCloseTo(sum(answers.map(({ costUsd }) => costUsd)), 9);
  return { session, turns, messages, answers };
};

const allFinished = (test: TestGreenroom, name: string, count: number) =>
  until(async () => {
    const { turns } = await test.sessions.turns(name).catch(() => ({ turns: [] }));
    return turns.length === count && turns.every(({ finishedAt }) => finishedAt !== undefined);
  });

describe('a Greenroom that was killed', () => {
  it('in the middle of a turn, with others waiting, finishes all of them once and in order', async () => {
    const answer = gate();
    const test = await unstartedGreenroom({ script: holding(answer.opened) });
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
    child.turn('s', 'hold', 'a');
    await child.saw('delta', 'a');
    for (const turnId of ['b', 'c']) {
      child.turn('s', turnId, turnId);
      await child.saw('turn.accepted', turnId);
    }
    await child.kill();
    answer.open();
    await test.start();
    await allFinished(test, 's', 3);
    const { turns, answers } = await books(test, 's');
    expect(answers.map(({ turnId }) => turnId)).toEqual(['a', 'b', 'c']);
    expect(turns.map(({ status, attempt }) => [status, attempt])).toEqual(
      Array.from({ length: 3 }, () => ['completed', 2]),
    );
  });

  it('wakes every session that has an unfinished turn, without anybody asking', async () => {
    const answer = gate();
    const test = await unstartedGreenroom({ script: holding(answer.opened) });
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
    const names = Array.from({ length: 20 }, (_, at) => `s${at}`);
    for (const name of names) child.turn(name, 'hold', `turn-of-${name}`);
    for (const name of names) await child.saw('delta', `turn-of-${name}`);
    await child.kill();
    answer.open();
    await test.start();
    for (const name of names) {
      await allFinished(test, name, 1);
      await books(test, name);
    }
  });

  it('between two steps of a turn goes on behind the last one that was stored', async () => {
    const answer = gate();
    const isSecond = (body: string) => body.includes('tool_result');
    const test = await unstartedGreenroom({
      script: async (request) => {
        if (isSecond(request.rawBody.toString())) await answer.opened;
        return undefined;
      },
    });
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
    child.turn('s', '[[rehearse: tool=Bash]] [[rehearse: text=done]]', 't');
    await child.saw('tool.refused', 't');
    await until(() => isSecond(test.lastCall));
    await child.kill();
    answer.open();
    await test.start();
    await allFinished(test, 's', 1);
    const { turns, messages } = await books(test, 's');
    expect(turns).toMatchObject([{ status: 'completed', steps: 2, attempt: 2 }]);
    expect(messages).toHaveLength(4);
    expect(test.modelCalls).toHaveLength(3);
  });
});

describe('a Greenroom that dies at a crash point', () => {
  const ofTurns = CRASHPOINTS.filter((name) => /^(commit|turn|step)\./.test(name));

  it.each(ofTurns)('%s runs the turn to its end once, whoever sends it again', async (name) => {
    const test = await unstartedGreenroom();
    const env = { GREENROOM_CRASHPOINT: name };
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url, env);
    await child.saw('ready');
    child.turn('s', 'hello', 't');
    await child.died();
    await test.start();
    const events = await test.run('s', 'hello', { turnId: 't' }); // a sender that was not told asks again
    expect(events.at(-1)).toMatchObject({ type: 'turn.finished', status: 'completed' });
    const { turns, messages } = await books(test, 's');
    expect(turns).toMatchObject([{ turnId: 't', status: 'completed', steps: 1 }]);
    expect(messages).toHaveLength(2);
  });
});
