/**
 * Sessions under three budgets each, while the daemon is killed at moments of chance. The judge is the model server, which is
 * no part of the daemon: what it has answered costs money, whether or not anybody heard it.
 *
 * CI plays a hundred turns; `GREENROOM_FULL=1` ten thousand over two hundred sessions.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionsFacade } from '../../src/index.ts';
import { usdOf } from '../../src/model/money.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import { costNanoUsd } from '../../src/pricing/price.ts';
import { startRehearsal } from '../../src/rehearsal/server.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { Dice } from './dice.ts';
import { isFull } from './size.ts';
import { until } from './waiting.ts';

const SESSIONS = isFull() ? 200 : 20;
const TURNS = isFull() ? 50 : 5;
const KILLS = isFull() ? 30 : 5;
const AT_ONCE = isFull() ? 40 : 8;
const OWNERS = ['ann', 'bob', 'cy', 'dee'];
const MODEL = 'claude-sonnet-4-5';
const MAX_TOKENS = 128;
/** What a call reserves, and what it costs on average: so the limits are met towards the end. */
const MOST_USD = 0.0056;
const USUAL_USD = 0.0013;
/** Of calls whose answers are lost. */
const LOST_USD = KILLS * AT_ONCE * MOST_USD;
const OWN_USD = MOST_USD + TURNS * USUAL_USD + LOST_USD / SESSIONS;
const OWNER_USD = MOST_USD + (SESSIONS * TURNS * USUAL_USD + LOST_USD) / OWNERS.length;
const TENANT_USD = MOST_USD + SESSIONS * TURNS * USUAL_USD * 0.95 + LOST_USD;

const MAX_PROMPT_TOKENS = 200;

/** What the server has answered, by the text of the answer. */
class OutsideCounter {
  readonly costs = new Map<string, number>();
  onCall: (nth: number) => void = () => undefined;
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  answer() {
    const text = `answer-${this.costs.size + 1}`;
    const usage = {
      input_tokens: this.#dice.int(10, MAX_PROMPT_TOKENS),
      output_tokens: this.#dice.int(1, MAX_TOKENS),
    };
    const { input_tokens: inputTokens, output_tokens: outputTokens } = usage;
    const cost = costNanoUsd({ ...emptyUsage, inputTokens, outputTokens }, MODEL, Date.now());
    this.costs.set(text, cost ?? Number.NaN);
    this.onCall(this.costs.size);
    return { kind: 'message', content: [{ type: 'text', text }], usage } as const;
  }

  sum(texts: Iterable<string> = this.costs.keys()): number {
    let sum = 0;
    for (const text of texts) sum += this.costs.get(text) ?? Number.NaN;
    return sum;
  }
}

/** Every third session is to meet its own budget in the middle of its turns. */
const ownOf = (session: number): number =>
  session % 3 === 0 ? MOST_USD + (TURNS * USUAL_USD) / 2 : OWN_USD;

const idOf = (session: number): string => `s${session}`;
const ownerOf = (session: number): string => OWNERS[session % OWNERS.length] ?? '';

const isWaiting = (sessions: SessionsFacade, id: string): Promise<boolean> =>
  sessions.get(id).then(
    ({ status }) => status === 'waiting',
    () => false, // it is not there yet
  );

/** Turns of a session, one after the other; ends when they are done, when money is missing, or with the daemon. */
const play = async (
  sessions: SessionsFacade,
  client: Parameters<Parameters<typeof withClient>[1]>[0],
  session: number,
  done: Set<string>,
): Promise<void> => {
  const id = idOf(session);
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const turnId = `${id}-t${turn}`;
    if (done.has(turnId)) continue;
    if (await isWaiting(sessions, id)) return;
    const settings = {
      ...{ owner: ownerOf(session), tags: ['lab'], model: MODEL, maxTokens: MAX_TOKENS },
      budget: { maxUsd: ownOf(session) },
    };
    for await (const event of client.turn(id, {
      prompt: `Say something about ${turn}`,
      turnId,
      session: settings,
    })) {
      if (event.type === 'budget.requested') return;
      // It was asked for before this reader came.
      if (event.type === 'ping' && (await isWaiting(sessions, id))) return;
      if (event.type === 'turn.finished') {
        if (event.status !== 'completed') throw new Error(`${turnId} is ${event.status}`);
        done.add(turnId);
      }
    }
  }
};

/** Answers that are stored, by session. */
const storedAnswers = async (
  sessions: SessionsFacade,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const stored = new Map<string, readonly string[]>();
  for (let session = 0; session < SESSIONS; session += 1) {
    const { entries } = await sessions.messages(idOf(session), { limit: 1000 });
    const texts = entries.flatMap((entry) =>
      entry.type === 'message' && entry.message.role === 'assistant'
        ? [JSON.stringify(entry.message.content)]
        : [],
    );
    stored.set(
      idOf(session),
      texts.flatMap((text) => /answer-\d+/.exec(text) ?? []),
    );
  }
  return stored;
};

describe.skipIf(withoutNatsServer())('budgets, while the daemon is killed', () => {
  it('count what the model server answered, and are not overrun', {
    timeout: 3_600_000,
  }, async () => {
    const dice = new Dice();
    const counter = new OutsideCounter(dice);
    const rehearsal = await startRehearsal({
      keepRequests: 10,
      // What is only counted is not paid.
      script: ({ path }) =>
        path === '/v1/messages'
          ? counter.answer()
          : { kind: 'tokens', inputTokens: MAX_PROMPT_TOKENS },
    });
    onTestFinished(() => rehearsal.close());
    const daemon = new DaemonProcess({
      env: {
        ...{ GREENROOM_PROVIDER: 'anthropic', ANTHROPIC_API_KEY: 'any' },
        ...{ ANTHROPIC_BASE_URL: rehearsal.url, USER_MONTHLY_BUDGET_USD: String(OWNER_USD) },
      },
    });
    const done = new Set<string>();
    const round = async (natsUrl: string) =>
      withClient(natsUrl, async (client) => {
        void daemon.gone.then(() => client.close()); // else it would wait for the next one
        const sessions = new SessionsFacade(client);
        await sessions.putBudget({ scope: 'tenant', per: 'total', maxUsd: TENANT_USD });
        await sessions.putBudget({ scope: 'tag', value: 'lab', per: 'day', maxUsd: 1_000 });
        const left = dice.shuffled(Array.from({ length: SESSIONS }, (_, session) => session));
        const one = async (): Promise<void> => {
          for (let next = left.pop(); next !== undefined; next = left.pop())
            await play(sessions, client, next, done);
        };
        await Promise.all(Array.from({ length: AT_ONCE }, one));
      });
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const inside = dice.once(2);
      const point = dice.pick(['step.outcome', 'commit.before', 'commit.after', 'step.started']);
      const env: Record<string, string> = inside
        ? { GREENROOM_CRASHPOINT: `${point}:${dice.int(2, 30)}` }
        : {};
      const ready = await daemon.startOrEnd(env);
      if (ready === undefined) continue;
      const from = counter.costs.size;
      const nth = from + dice.int(1, Math.ceil((SESSIONS * TURNS) / KILLS));
      counter.onCall = (calls) => {
        if (calls === nth) daemon.signal('SIGKILL');
      };
      const ended = round(ready.natsUrl).catch(() => undefined);
      await Promise.race([ended, daemon.gone]);
      if (!daemon.isRunning) killed += 1;
      await daemon.kill();
      await ended;
    }
    counter.onCall = () => undefined;
    const { natsUrl } = await daemon.start();
    await round(natsUrl);
    await withClient(natsUrl, async (client) => {
      const sessions = new SessionsFacade(client);
      const atWork = async () => (await sessions.count({ status: ['queued', 'running'] })).count;
      await until(async () => (await atWork()) === 0, 'all turns to end or to wait for money');
      const stored = await storedAnswers(sessions);
      const all = [...stored.values()].flat();
      expect(new Set(all).size, 'answers that are stored twice').toBe(all.length);
      const lost = [...counter.costs.keys()].filter((text) => !all.includes(text));
      const budgets = await sessions.budgets();
      const tenant = budgets.find(({ scope }) => scope === 'tenant');
      const tag = budgets.find(({ scope }) => scope === 'tag');
      for (const budget of [tenant, tag]) {
        expect(budget?.reservedUsd).toBe(0);
        expect(budget?.spentUsd).toBeCloseTo(usdOf(counter.sum(all)), 9);
        expect(budget?.estimatedUsd).toBeGreaterThanOrEqual(usdOf(counter.sum(lost)));
      }
      let ofOwners = 0;
      for (const owner of OWNERS) {
        const [budget] = (await sessions.budgets({ owner })).filter(
          ({ scope }) => scope === 'owner',
        );
        const texts = [...stored].flatMap(([id, answers]) =>
          ownerOf(Number(id.slice(1))) === owner ? answers : [],
        );
        expect(budget?.spentUsd, owner).toBeCloseTo(usdOf(counter.sum(texts)), 9);
        expect((budget?.spentUsd ?? 0) + (budget?.estimatedUsd ?? 0), owner).toBeLessThanOrEqual(
          OWNER_USD,
        );
        ofOwners += (budget?.spentUsd ?? 0) + (budget?.estimatedUsd ?? 0);
      }
      expect(ofOwners).toBeCloseTo((tenant?.spentUsd ?? 0) + (tenant?.estimatedUsd ?? 0), 9);
      expect(usdOf(counter.sum())).toBeLessThanOrEqual(ofOwners + 1e-9);
      expect(ofOwners).toBeLessThanOrEqual(TENANT_USD);
      for (const [id, answers] of stored)
        expect(usdOf(counter.sum(answers)), id).toBeLessThanOrEqual(ownOf(Number(id.slice(1))));
      const { count: waiting } = await sessions.count({ status: ['waiting'] });
      console.log(
        `${done.size} turns of ${SESSIONS} sessions, ${killed} kills (GREENROOM_SEED=${dice.seed}): the server answered ${counter.costs.size} calls for ${usdOf(counter.sum()).toFixed(6)} dollars; ` +
          `spent ${tenant?.spentUsd.toFixed(6)}, estimated ${tenant?.estimatedUsd.toFixed(6)} for ${lost.length} lost answers, of ${TENANT_USD.toFixed(6)}; ${waiting} sessions wait for money`,
      );
      expect(waiting).toBeGreaterThan(0);
      expect(done.size).toBeGreaterThan(SESSIONS / 5);
      expect(killed).toBeGreaterThan(1);
    });
    await daemon.kill();
  });
});
