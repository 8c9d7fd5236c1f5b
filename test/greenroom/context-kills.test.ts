/**
 * `kill -9` while a session is being summed up, in two parts: nothing of it is lost, and nothing stands twice. The
 * outside counter is the model server's.
 */
import { expect, it } from 'vitest';
import { sessionKey } from '../../src/model/ids.ts';
import { addUsage, emptyUsage, promptTokens } from '../../src/model/usage.ts';
import { textAnswer } from '../../src/rehearsal/answer.ts';
import { lastText, unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { read } from '../support/read-journal.ts';
import { until } from '../support/until.ts';

const WINDOW = 4_000;
const MESSAGES = 100;
const KEY = sessionKey('default', 's');

/** The turn's commits: its acceptance, the first summary, the second, the answer. */
const POINTS = [
  ...['step.started:1', 'step.outcome:1', 'commit.before:2', 'commit.after:2'],
  ...['step.started:2', 'step.outcome:2', 'commit.before:3', 'commit.after:3'],
];
const HALF = POINTS.filter((_, at) => at % 2 === 1);

const wordAt = (n: number) => `word ${n}. ${'x'.repeat(200)}`;

it.each(process.env['GREENROOM_FULL'] === '1' ? POINTS : HALF)(
  'killed at %s',
  async (point) => {
    let summaries = 0;
    const test = await unstartedGreenroom({
      contextTokens: WINDOW,
      script: (request) => {
        if (!lastText(request).includes('Sum up this conversation')) return undefined;
        summaries += 1;
        return textAnswer(`SUMMARY ${summaries}`);
      },
    });
    await test.start();
    await test.sessions.create('s', { context: { windowTokens: WINDOW } });
    await test.sessions.append(
      's',
      Array.from({ length: MESSAGES }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: wordAt(n + 1),
      })),
    );
    await test.stop();

    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url, {
      GREENROOM_CRASHPOINT: point,
    });
    await child.saw('ready');
    child.turn('s', 'and now?', 't1');
    await child.died();
    await test.start();
    await until(async () => (await test.sessions.turnStatus('s', 't1')).status === 'completed');

    const { journal, modelCalls } = test;
    const head = await read(journal).head(KEY);
    const entries = await read(journal).entries(KEY, { limit: 1_000 });
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    const texts = entries.map((entry) =>
      'body' in entry ? Buffer.from(entry.body).toString() : '',
    );
    for (let n = 1; n <= MESSAGES; n += 1)
      expect(texts.filter((text) => text.includes(`"word ${n}. `))).toHaveLength(1);

    const compactions = entries.flatMap((entry) =>
      entry.kind === 'view' && entry.view.type === 'compaction' ? [entry.view] : [],
    );
    const ends = compactions.map(({ throughSeq }) => throughSeq);
    expect(ends).toHaveLength(2);
    expect(new Set(ends).size).toBe(2);
    expect(head?.compaction?.throughSeq).toBe(Math.max(...ends));

    // What was paid: each committed call once, and at most the one that was under way once more at the server.
    const [turn] = await read(journal).turns(KEY, { limit: 10 });
    expect(turn?.usage).toEqual(head?.usage);
    const answered = modelCalls.map(({ rawBody }) => Math.ceil(rawBody.byteLength / 4));
    const paid = promptTokens(head?.usage ?? emptyUsage);
    const counted = answered.reduce((sum, tokens) => sum + tokens, 0);
    expect(answered.length).toBeLessThanOrEqual(4);
    expect(paid).toBeLessThanOrEqual(counted);
    expect(counted - paid).toBeLessThanOrEqual(answered.length === 4 ? Math.max(...answered) : 0);
    expect(addUsage(emptyUsage, turn?.usage ?? emptyUsage)).toEqual(turn?.usage);

    const asked = JSON.stringify(modelCalls.at(-1)?.body.messages);
    expect(asked.match(/and now\?/g)).toHaveLength(1);
    expect(asked).toContain(compactions.at(-1)?.summary);
  },
  120_000,
);
