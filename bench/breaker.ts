/**
 * What does an API that is down hear of very many sessions, and how soon are they done when it answers again? Each session has
 * one turn; the API says that it is overloaded for a while, then answers. Beside it as many bare clients of the SDK, each of
 * which tries again by itself.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { startGreenroom } from '../src/index.ts';
import { createLog } from '../src/platform/log.ts';
import { textAnswer } from '../src/rehearsal/answer.ts';
import { startRehearsal } from '../src/rehearsal/server.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { number, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';

interface Plan {
  readonly sessions: number;
  readonly downMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { sessions: 50, downMs: 7_000 },
    normal: { sessions: 1_000, downMs: 30_000 },
    full: { sessions: 1_000, downMs: 120_000 },
  });

/** Calls of each session that the dead API hears, however long it is down: those that had begun when it was noticed. */
const GOAL = 1;
const SECOND_MS = 1_000;
/** The SDK's clients try again until they are answered. */
const RETRIES = 1_000;

export const breaker: Bench = {
  name: 'breaker',
  question: 'What does an API that is down hear of very many sessions?',
  run: async (settings) => {
    const plan = planOf(settings);
    const sheet = new Sheet();
    describeMachine(sheet, settings.scratch);
    sheet.configure('sessions', `${number(plan.sessions)}, one turn each`);
    sheet.configure('the API', `529 for ${plan.downMs / SECOND_MS} s, then it answers at once`);
    const ours = await seen(settings, plan, 'greenroom', greenrooms);
    const bare = await seen(settings, plan, 'bare clients', bareClients);
    const row = (label: string, { refused, worstSecond, lateMs }: Seen) => [
      ...[label, number(refused), number(refused / plan.sessions)],
      ...[number(worstSecond), `${number(lateMs / SECOND_MS)} s`],
    ];
    const columns = ['', 'calls while down', 'of a session', 'most in a second', 'all done after'];
    sheet.table('Calls that the API heard', columns, [
      row('Greenroom', ours),
      row('as many bare clients', bare),
    ]);
    const each = ours.refused / plan.sessions;
    sheet.goal('calls of a session while down', `<= ${GOAL}`, times(each), each <= GOAL);
    const isDone = ours.done === plan.sessions && bare.done === plan.sessions;
    sheet.check('all were answered in the end', isDone, `${ours.done} and ${bare.done}`);
    return sheet;
  },
};

interface Seen {
  readonly refused: number;
  /** Calls of the busiest second, down or not. */
  readonly worstSecond: number;
  /** From the moment that it answers again to the last answer. */
  readonly lateMs: number;
  readonly done: number;
}

type Callers = (url: string, plan: Plan, scratch: string) => Promise<number>;

const seen = async (
  settings: Settings,
  plan: Plan,
  label: string,
  callers: Callers,
): Promise<Seen> => {
  settings.say(`  ${label}`);
  const seconds = new Map<number, number>();
  let refused = 0;
  let isDown = true;
  const api = await startRehearsal({
    keepRequests: 1,
    script: () => {
      const second = Math.floor(performance.now() / SECOND_MS);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
      if (!isDown) return textAnswer('done');
      refused += 1;
      return { kind: 'error', status: 529 };
    },
  });
  const calling = callers(api.url, plan, settings.scratch);
  await setTimeout(plan.downMs);
  isDown = false;
  const backMs = performance.now();
  const done = await calling;
  const lateMs = performance.now() - backMs;
  await api.close();
  return { refused, worstSecond: Math.max(0, ...seconds.values()), lateMs, done };
};

/** @returns how many were answered. */
const greenrooms: Callers = async (url, { sessions }, scratch) => {
  const dataDir = join(scratch, 'breaker');
  mkdirSync(dataDir);
  const greenroom = await startGreenroom({
    ...{ dataDir, textSearch: 'off', minFreeMb: 1, provider: 'anthropic' },
    ...{ anthropicApiKey: 'any', anthropicBaseUrl: url },
    log: createLog({ level: 'silent' }),
  });
  try {
    const turn = async (n: number): Promise<boolean> => {
      for await (const event of greenroom.turn(`s${n}`, 'Go on.'))
        if (event.type === 'turn.finished') return event.status === 'completed';
      return false;
    };
    const ends = await Promise.all(Array.from({ length: sessions }, (_, n) => turn(n)));
    return ends.filter((isDone) => isDone).length;
  } finally {
    await greenroom.stop();
  }
};

const bareClients: Callers = async (url, { sessions }) => {
  const client = new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: RETRIES });
  const prompt = { role: 'user', content: 'Go on.' } as const;
  const call = () =>
    client.messages
      .stream({ model: 'claude-opus-5', max_tokens: 100, messages: [prompt] })
      .finalMessage();
  const ends = await Promise.allSettled(Array.from({ length: sessions }, call));
  return ends.filter(({ status }) => status === 'fulfilled').length;
};
