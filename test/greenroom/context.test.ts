/** A session stays within what its model reads at once: by itself, within a turn, and when the API has refused a prompt. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MessageAnswer, textAnswer } from '../../src/rehearsal/answer.ts';
import type { Script } from '../../src/rehearsal/endpoints.ts';
import type { SeenRequest } from '../../src/rehearsal/seen-request.ts';
import { lastText, type Options, sharedGreenroom, testGreenroom } from '../support/greenroom.ts';
import { unmarked } from '../support/unmarked.ts';
import { gate } from '../support/until.ts';

const WINDOW = 4_000;
const ASKED = 'Sum up this conversation';

const isAsking = (request: SeenRequest): boolean => lastText(request).includes(ASKED);

let other: Script = () => undefined;
let made = 0;

/** Sums up when it is asked to, by the number of the summary. */
const script: Script = (request) => {
  const said = other(request);
  if (said !== undefined || !isAsking(request)) return said;
  made += 1;
  return textAnswer(`SUMMARY ${made}`);
};

const options: Options = { script, contextTokens: WINDOW };
const shared = sharedGreenroom(options);

/** A Greenroom whose model answers so, unless it is asked to sum up. */
const answering = (answer: Script = () => undefined) => {
  other = answer;
  made = 0;
  const test = shared();
  test.rehearsal.clear();
  return test;
};

const context = { windowTokens: WINDOW };
const said = (role: 'user' | 'assistant', content: string) => ({ role, content });
const dialogue = (messages: number, length = 200) =>
  Array.from({ length: messages }, (_, n) =>
    said(n % 2 === 0 ? 'user' : 'assistant', `word ${n + 1}. ${'x'.repeat(length)}`),
  );
/** Asks so many times for a tool that is not there, so that each call has a result at once; then it is done. */
const working = (times: number, length = 1_000): Script => {
  let step = 0;
  return (request) => {
    const isAtWork = request.rawBody.includes('do much') || request.rawBody.includes('SUMMARY');
    if (isAsking(request) || !isAtWork || step >= times) return undefined;
    step += 1;
    const text = `step ${step}. ${'y'.repeat(length)}`;
    const use = { type: 'tool_use', name: 'Bash', input: {} } as const;
    return { kind: 'message', content: [{ type: 'text', text }, use] };
  };
};

const typesOf = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);

describe('a session that outgrows its window', () => {
  it('is summed up before the model call that would be too long, and goes on', async () => {
    const test = answering();
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(40));
    const events = await test.run('s', 'go on');
    expect(typesOf(events)).toEqual([
      ...['turn.accepted', 'turn.started', 'compacting', 'compacted', 'delta', 'message'],
      'turn.finished',
    ]);
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    expect(test.lastCall).toContain('SUMMARY 1');
    expect(test.lastCall).toContain('word 40.');
    expect(test.lastCall).not.toContain('word 1.');
    const { entries } = await test.sessions.messages('s');
    expect(JSON.stringify(entries)).toContain('word 1.');
  });

  it('pays for the summary in the turn and in the session', async () => {
    const test = answering();
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(40));
    const before = await test.sessions.get('s');
    const finished = (await test.run('s', 'go on')).at(-1);
    const session = await test.sessions.get('s');
    const calls = test.modelCalls.map(({ rawBody }) => Math.ceil(rawBody.byteLength / 4));
    const { usage } = session;
    const prompts = usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens;
    expect(calls).toHaveLength(2);
    expect(prompts).toBe(calls.reduce((sum, tokens) => sum + tokens, 0));
    expect(finished).toMatchObject({ usage, costUsd: session.totalCostUsd });
    expect(before.usage.inputTokens).toBe(0);
  });

  it('pays for it from its budget, in which nothing stays reserved', async () => {
    const test = answering(working(12));
    const budget = { scope: 'owner', value: 'ann', per: 'month' } as const;
    await test.sessions.putBudget({ ...budget, maxUsd: 10 });
    await test.sessions.create('s', {
      owner: 'ann',
      context: { ...context, keepToolResults: 1 },
    });
    await test.sessions.append('s', dialogue(100));
    await test.run('s', 'do much');
    const { totalCostUsd, compaction } = await test.sessions.get('s');
    expect(compaction).toBeDefined();
    expect(await test.sessions.budgets({ owner: 'ann' })).toMatchObject([
      { spentUsd: totalCostUsd, reservedUsd: 0, estimatedUsd: 0 },
    ]);
    await test.sessions.deleteBudget(budget);
  });

  it('is summed up in parts where one request could not hold it', async () => {
    const test = answering();
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(200));
    const events = await test.run('s', 'go on');
    expect(typesOf(events).filter((type) => type === 'compacted').length).toBeGreaterThan(3);
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    const sizes = test.modelCalls.map(({ rawBody }) => rawBody.byteLength / 4);
    expect(Math.max(...sizes)).toBeLessThan(WINDOW);
    expect(test.modelCalls.map(({ status }) => status)).not.toContain(400);
    const second = test.modelCalls[1]?.rawBody.toString() ?? '';
    expect(second).toContain('SUMMARY 1');
  });

  it('is summed up in parts by hand too', async () => {
    const test = answering();
    await test.sessions.create('s', { context: { ...context, compact: 'off' } });
    await test.sessions.append('s', dialogue(100));
    const { compaction } = await test.sessions.compact('s');
    expect(compaction?.throughSeq).toBe(100);
    expect(test.modelCalls.length).toBeGreaterThan(2);
    expect(test.modelCalls.map(({ status }) => status)).not.toContain(400);
    await test.run('s', 'go on');
    expect(test.lastCall).toContain(`SUMMARY ${made}`);
  });

  it('is left alone where that is switched off, and the turn fails as the API says', async () => {
    const test = answering();
    await test.sessions.create('s', { context: { ...context, compact: 'off' } });
    await test.sessions.append('s', dialogue(100));
    const events = await test.run('s', 'go on');
    expect(events.at(-1)).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('prompt is too long') },
    });
    expect(test.modelCalls).toHaveLength(1);
  });

  it('begins where the session says, with the prompt that it says', async () => {
    const test = answering((request) =>
      lastText(request).includes('Briefly!') ? textAnswer('BRIEF') : undefined,
    );
    await test.sessions.create('s', {
      context: { ...context, compactAtTokens: 600, compactPrompt: 'Briefly!' },
    });
    await test.sessions.append('s', dialogue(12));
    await test.run('s', 'go on');
    expect(test.lastCall).toContain('BRIEF');
  });

  it('wakes with what it saw', async () => {
    const test = answering();
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(40));
    await test.run('s', 'go on');
    const before = test.modelCalls.at(-1)?.body.messages ?? [];
    await test.sessions.update('s', { model: 'claude-opus-5' }); // its context is made anew
    await test.run('s', 'once more');
    expect(test.modelCalls.at(-1)?.body.messages.slice(0, 3)).toEqual(before.slice(0, 3));
  });
});

describe('a turn that outgrows the window', () => {
  it('is summed up within: its prompt, its last step and all pairs stay', async () => {
    const test = answering(working(12));
    await test.sessions.create('s', { context });
    const events = await test.run('s', 'do much');
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    expect(typesOf(events)).toContain('compacted');
    expect(test.lastCall).toContain('do much');
    expect(test.lastCall).toContain('step 12.');
    expect(test.lastCall).not.toContain('step 2.');
    expect(test.lastCall).toMatch(/SUMMARY \d/);
    expect(test.modelCalls.map(({ status }) => status)).not.toContain(400);
  });

  it('wakes, forks and comes back from an export with what it saw', async () => {
    const test = answering(working(12));
    await test.sessions.create('s', { context: { ...context, keepToolResults: 1 } });
    await test.run('s', 'do much');
    expect((await test.sessions.get('s')).compaction?.keptSeqs).toEqual([1]);
    const seen = async (id: string) => {
      await test.run(id, 'and now?');
      return unmarked(test.modelCalls.at(-1)?.body.messages ?? []);
    };
    const { sessionId: fork } = await test.sessions.fork('s');
    const pieces: string[] = [];
    for await (const piece of test.sessions.exportSession('s')) pieces.push(piece);
    const whole = async function* () {
      yield Buffer.from(pieces.join(''));
    };
    await test.sessions.importSession(whole(), { as: 'copy' });
    const before = await seen('s'); // from what it holds
    expect(before.length).toBeGreaterThan(4);
    expect(await seen(fork)).toEqual(before);
    expect(await seen('copy')).toEqual(before);
  });

  it('goes with what it did when it is rolled back, and the summary before it is there again', async () => {
    const answer = gate();
    const work = working(12);
    const test = answering((request) =>
      made > 0 && !isAsking(request) && request.rawBody.includes('do much')
        ? { ...textAnswer('held'), gate: { afterEvents: 1, until: answer.opened } }
        : work(request),
    );
    await test.sessions.create('s', { context });
    await test.run('s', 'the beginning');
    const running = test.begin('s', 'do much');
    await running.saw('compacted');
    const next = test.begin('s', 'instead', { onBusy: 'rollback' });
    answer.open();
    expect(await next.finished()).toMatchObject({ status: 'completed' });
    expect(test.lastCall).not.toContain('SUMMARY');
    expect(test.lastCall).not.toContain('do much');
    expect(test.lastCall).toContain('the beginning');
    expect((await test.sessions.get('s')).compaction).toBeUndefined();
  });

  it('can be cancelled while a summary is made', async () => {
    const answer = gate();
    const test = answering((request) =>
      isAsking(request)
        ? { ...textAnswer('late'), gate: { afterEvents: 1, until: answer.opened } }
        : undefined,
    );
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(40));
    const running = test.begin('s', 'go on');
    await running.saw('compacting');
    await test.sessions.cancel('s');
    expect(await running.finished()).toMatchObject({ status: 'cancelled' });
    expect((await test.sessions.get('s')).compaction).toBeUndefined();
    answer.open();
  });
});

describe('a prompt that the API refuses as too long', () => {
  it('is sent once more behind a summary, though the estimate said that it fits', async () => {
    const test = answering();
    await test.sessions.append('s', dialogue(100)); // the session knows nothing of so small a window
    const events = await test.run('s', 'go on');
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    expect(test.modelCalls[0]?.status).toBe(400);
    expect(typesOf(events)).toContain('compacted');
  });

  it('is refused for good where nothing can be summed up', async () => {
    const test = answering();
    const events = await test.run('s', 'x'.repeat(5 * WINDOW));
    expect(events.at(-1)).toMatchObject({ status: 'failed' });
    expect(test.modelCalls).toHaveLength(2);
    expect(await test.run('s', 'short').then((all) => all.at(-1))).toMatchObject({
      status: 'completed',
    });
  });

  it('is asked about in shorter parts, where the request for a summary was too long itself', async () => {
    const test = answering();
    await test.sessions.create('s', { context: { windowTokens: 3 * WINDOW } });
    await test.sessions.append('s', dialogue(150));
    expect((await test.run('s', 'go on')).at(-1)).toMatchObject({ status: 'completed' });
    expect(test.modelCalls.filter(({ status }) => status === 400).length).toBeGreaterThan(0);
  });

  it('goes without its beginning where the model gives no summary of it', async () => {
    const test = answering((request) =>
      isAsking(request) ? { kind: 'message', content: [], stopReason: 'refusal' } : undefined,
    );
    await test.sessions.append('s', dialogue(100));
    expect((await test.run('s', 'go on')).at(-1)).toMatchObject({ status: 'completed' });
    expect(test.lastCall).toContain('no summary of it could be made');
    expect(test.lastCall).toContain('word 100.');
    const { entries } = await test.sessions.messages('s', { limit: 1 });
    expect(JSON.stringify(entries)).toContain('word 1.');
  });

  it('goes as it is where the model gives no summary', async () => {
    const test = answering((request) =>
      isAsking(request) ? { kind: 'message', content: [], stopReason: 'refusal' } : undefined,
    );
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(60));
    const events = await test.run('s', 'go on');
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    expect(test.modelCalls.filter(isAsking)).toHaveLength(1);
  });
});

describe('what a session takes of its window', () => {
  it('is estimated, better after a call, and counted where that is asked for', async () => {
    const test = answering();
    await test.sessions.create('s', { context });
    await test.sessions.append('s', dialogue(30));
    const before = await test.sessions.context('s');
    const { usedTokens: counted, ...rest } = await test.sessions.context('s', { count: true });
    expect(rest).toMatchObject({ from: 'count' });
    expect(before).toMatchObject({
      ...{ from: 'estimate', windowTokens: WINDOW, compact: 'auto', compactAtTokens: 3_000 },
      next: { keptSeqs: [] },
    });
    expect(before.usedTokens).toBeGreaterThan(counted);
    await test.run('s', 'go on');
    const after = await test.sessions.context('s');
    const real = await test.sessions.context('s', { count: true });
    expect(Math.abs(after.usedTokens - real.usedTokens)).toBeLessThan(0.05 * real.usedTokens);
    expect(after.lastCall?.tokens).toBeLessThanOrEqual(after.usedTokens);
  });

  it('is estimated where the provider does not count, and it says so', async () => {
    const test = answering(({ path }) =>
      path.endsWith('/count_tokens')
        ? { kind: 'error', status: 404, message: 'no such path' }
        : undefined,
    );
    await test.sessions.append('s', dialogue(2));
    expect(await test.sessions.context('s', { count: true })).toMatchObject({
      from: 'estimate',
      notCounted: expect.stringContaining('no such path'),
    });
  });

  it('is nothing where nothing was said', async () => {
    const test = answering();
    await test.sessions.create('s', {});
    const { usedTokens, next } = await test.sessions.context('s', { count: true });
    expect([usedTokens, next]).toEqual([0, undefined]);
  });
});

describe('an answer that is cut off', () => {
  const LONG = 'one two three. '.repeat(30);
  const THOUGHT: MessageAnswer = {
    kind: 'message',
    content: [{ type: 'thinking', thinking: 'so' }],
    stopReason: 'max_tokens',
  };
  /** So many answers that are too long, then the end. */
  const droning = (times: number, text = LONG) => {
    let left = times;
    return answering((request) => {
      if (isAsking(request)) return undefined;
      left -= 1;
      return textAnswer(left < 0 ? 'the end' : text);
    });
  };

  it('is gone on with as often as the session says', async () => {
    const test = droning(2);
    await test.sessions.create('s', { maxTokens: 20, context: { continuations: 2 } });
    const finished = (await test.run('s', 'speak')).at(-1);
    expect(finished).toMatchObject({ status: 'completed', stopReason: 'end_turn' });
    const text = finished?.type === 'turn.finished' ? finished.text : '';
    const part = text.slice(0, (text.length - 'the end'.length) / 2);
    expect(part).toMatch(/^one two three/);
    expect(text).toBe(`${part}${part}the end`);
    expect(test.modelCalls).toHaveLength(3);
    expect(test.lastCall).toContain('Go on exactly where it stopped');
  });

  it('ends the turn when that was often enough', async () => {
    const test = droning(2);
    await test.sessions.create('s', { maxTokens: 20, context: { continuations: 1 } });
    expect((await test.run('s', 'speak')).at(-1)).toMatchObject({
      ...{ status: 'completed', stopReason: 'max_tokens' },
    });
    expect(test.modelCalls).toHaveLength(2);
  });

  it('ends the turn where nothing else is said', async () => {
    const test = droning(1);
    await test.sessions.create('s', { maxTokens: 20 });
    expect((await test.run('s', 'speak')).at(-1)).toMatchObject({ stopReason: 'max_tokens' });
    expect(test.modelCalls).toHaveLength(1);
  });

  it('in the middle of a tool has that refused, and goes on', async () => {
    const test = answering();
    await test.sessions.create('s', { context: { continuations: 1 } });
    const events = await test.run(
      's',
      '[[rehearse: tool=Bash input-text="{\\"comm" stop=max_tokens]] [[rehearse: text="the end"]]',
    );
    expect(typesOf(events)).toContain('tool.refused');
    expect(events.at(-1)).toMatchObject({ status: 'completed', text: 'the end' });
  });

  it('is not gone on with where it has a form that a second part would break, or is all thinking', async () => {
    const test = answering((request) =>
      lastText(request) === 'think' ? THOUGHT : textAnswer(LONG),
    );
    await test.sessions.create('s', { maxTokens: 20, context: { continuations: 3 } });
    const schema = { type: 'object', properties: {} };
    const formed = { outputFormat: { type: 'json_schema' as const, schema } };
    expect((await test.run('s', 'speak', formed)).at(-1)).toMatchObject({
      stopReason: 'max_tokens',
    });
    expect((await test.run('s', 'think')).at(-1)).toMatchObject({ stopReason: 'max_tokens' });
    expect(test.modelCalls).toHaveLength(2);
  });

  it('by the end of the window is gone on with behind a summary, once', async () => {
    const test = droning(1, 'z'.repeat(8_000));
    await test.sessions.append('s', dialogue(50)); // nothing is known of so small a window
    const events = await test.run('s', 'speak');
    const stops = (await test.sessions.messages('s', { order: 'desc', limit: 6 })).entries.map(
      (entry) => ('stopReason' in entry ? entry.stopReason : undefined),
    );
    expect(stops).toContain('model_context_window_exceeded');
    expect(typesOf(events)).toContain('compacted');
    const text = expect.stringMatching(/^z+the end$/);
    expect(events.at(-1)).toMatchObject({ status: 'completed', text });
  });
});

describe('old results of tools', () => {
  const RESULT = 'It did not run.'.repeat(40);
  const file = (test: { readonly dataDir: string }) => join(test.dataDir, 'big.txt');

  it('become notes in what the model sees, in steps; what is stored stays', async () => {
    const test = answering();
    writeFileSync(file(test), RESULT);
    await test.sessions.create('s', {
      ...{ workingDirectory: test.dataDir, tools: ['Read'], permissionMode: 'bypassPermissions' },
      context: { keepToolResults: 2 },
    });
    const read = `[[rehearse: tool=Read input={"file_path":"${file(test)}"}]]`;
    await test.run('s', `read ${Array(9).fill(read).join(' ')}`);
    const whole = (call: SeenRequest) => call.rawBody.toString().split(RESULT).length - 1;
    const seen = test.modelCalls.map(whole);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 2, 3, 4, 5]);
    expect(test.lastCall).toContain('cleared to save room');
    const { entries } = await test.sessions.messages('s', { limit: 100 });
    const shown = entries.filter((entry) => JSON.stringify(entry).includes(RESULT));
    expect(shown).toHaveLength(9);
    expect(entries.filter((entry) => entry.type === 'view')).toHaveLength(1);
  });
});

describe('what the API does about a long prompt by itself', () => {
  it('is asked for, paid for as it says, and stands where what it sums up was', async () => {
    const test = await testGreenroom({ contextTokens: 200_000 });
    await test.sessions.create('s', {
      context: { compact: 'server', compactAtTokens: 50_000, keepToolResults: 3 },
    });
    await test.sessions.append('s', dialogue(60, 4_000));
    const events = await test.run('s', 'go on');
    expect(typesOf(events)).toContain('compacted');
    expect(typesOf(events)).not.toContain('compacting');
    const [call] = test.modelCalls;
    expect(call?.headers['anthropic-beta']).toContain('compact-2026-01-12');
    const { usage, compaction } = await test.sessions.get('s');
    expect(usage.inputTokens).toBeGreaterThan((call?.rawBody.byteLength ?? 0) / 4);
    expect(compaction).toMatchObject({ fromSeq: 62 });
    expect((await test.run('s', 'and on')).at(-1)).toMatchObject({ status: 'completed' });
    expect(test.lastCall).toContain('Server summary');
    expect(test.lastCall).not.toContain('word 60.');
    await test.restart();
    await test.run('s', 'and on again');
    expect(test.lastCall).toContain('Server summary');
    expect(test.modelCalls.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});
