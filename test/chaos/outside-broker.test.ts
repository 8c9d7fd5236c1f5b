/** Turn requests that programs publish to an outside broker with nothing but the plain client. */
import { connect, headers } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionsFacade, type TurnView } from '../../src/index.ts';
import { mutant } from '../support/mutant.ts';
import { startBroker, type TestBroker, withoutNatsServer } from '../support/nats.ts';
import { awaitRest, withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { type HeldModel, startHeldModel } from './held-model.ts';
import { until } from './waiting.ts';

const TIMEOUT_MS = 180_000;

interface Stage {
  readonly broker: TestBroker;
  readonly model: HeldModel;
  readonly daemon: DaemonProcess;
}

/** A broker whose stream a first daemon has made; none runs. */
const newStage = async (dist?: string): Promise<Stage> => {
  const broker = await startBroker();
  onTestFinished(() => broker.stop());
  const model = await startHeldModel();
  const env = { ...model.env, NATS_URL: broker.url };
  const daemon = new DaemonProcess(dist === undefined ? { env } : { env, dist });
  await daemon.start();
  await daemon.kill();
  return { broker, model, daemon };
};

const publish = async ({ broker }: Stage, prompt: string, turnId?: string): Promise<void> => {
  const nc = await connect({ servers: broker.url });
  const named = headers();
  if (turnId !== undefined) named.set('Greenroom-Turn-Id', turnId);
  await nc.jetstream().publish('greenroom.v1.default.session.s.turn', prompt, { headers: named });
  await nc.close();
};

const turnsOf = ({ broker }: Stage): Promise<readonly TurnView[]> =>
  withClient(broker.url, async (client) => {
    const { turns } = await new SessionsFacade(client).turns('s').catch(() => ({ turns: [] }));
    return turns;
  });

/** Messages that the broker still has for us. */
const queuedAt = async ({ broker }: Stage): Promise<number> => {
  const nc = await connect({ servers: broker.url });
  const manager = await nc.jetstreamManager();
  const { state } = await manager.streams.info('GREENROOM_TURNS');
  await nc.close();
  return state.messages;
};

/** Publishes a turn to a daemon that dies before its first commit. */
const dieBeforeCommit = async (stage: Stage): Promise<void> => {
  await stage.daemon.start({ GREENROOM_CRASHPOINT: 'commit.before:1' });
  await publish(stage, 'nameless');
  expect(await stage.daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
};

/** Prompts and answers, in their order. */
const textsOf = ({ broker }: Stage): Promise<readonly string[]> =>
  withClient(broker.url, async (client) => {
    const { entries } = await new SessionsFacade(client).messages('s');
    return entries.flatMap((entry) => {
      if (entry.type !== 'message') return [];
      const { content } = entry.message;
      return typeof content === 'string' ? content : content.map(({ text }) => String(text));
    });
  });

const answered = (prompt: string): readonly string[] => [prompt, `Rehearsal answer to: ${prompt}`];

/** The model answers; resolves when so many turns have run. */
const finish = async (stage: Stage, turns: number): Promise<void> => {
  stage.model.answer();
  await until(async () => (await turnsOf(stage)).length === turns, 'the turns to be accepted');
  expect(await awaitRest(stage.broker.url, 60_000)).toEqual([]);
};

describe.skipIf(withoutNatsServer())(
  'a turn request on an outside broker',
  { timeout: TIMEOUT_MS },
  () => {
    it('runs once when a daemon comes, if none was there', async () => {
      const stage = await newStage();
      await publish(stage, 'while nobody is there');
      await stage.daemon.start();
      await finish(stage, 1);
      expect(await textsOf(stage)).toEqual(answered('while nobody is there'));
      expect(stage.model.calls).toBe(1);
    });

    it('runs once if it is published twice under one turn id, before a kill and after', async () => {
      const stage = await newStage();
      await stage.daemon.start();
      await publish(stage, 'once', 'the-turn');
      await until(() => stage.model.calls === 1, 'the model call');
      await stage.daemon.kill();
      await publish(stage, 'once', 'the-turn');
      await stage.daemon.start();
      await finish(stage, 1);
      await publish(stage, 'once', 'the-turn');
      await publish(stage, 'twice', 'another-turn');
      await finish(stage, 2);
      expect(await textsOf(stage)).toEqual([...answered('once'), ...answered('twice')]);
    });

    it('runs in the order of publication, also across kills', async () => {
      const stage = await newStage();
      await stage.daemon.start();
      await publish(stage, 'first');
      await until(() => stage.model.calls === 1, 'the model call');
      await publish(stage, 'second');
      await stage.daemon.kill();
      await publish(stage, 'third');
      await stage.daemon.start();
      await until(() => stage.model.calls === 2, 'the model call, again');
      await stage.daemon.kill();
      await stage.daemon.start();
      await finish(stage, 3);
      const texts = await textsOf(stage);
      expect(texts.filter((text) => !text.startsWith('Rehearsal'))).toEqual([
        'first',
        'second',
        'third',
      ]);
      expect(texts.toSorted()).toEqual(['first', 'second', 'third'].flatMap(answered).toSorted());
    });

    it('runs once without any id, if its daemon dies between commit and acknowledgement', async () => {
      const stage = await newStage();
      await stage.daemon.start({ GREENROOM_CRASHPOINT: 'intake.before-ack:1' });
      await publish(stage, 'nameless');
      expect(await stage.daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
      await stage.daemon.start();
      await finish(stage, 1);
      expect(await textsOf(stage)).toEqual(answered('nameless'));
      expect((await turnsOf(stage))[0]?.turnId).toMatch(/^js-\d+-1$/);
    });

    it('is still there if its daemon dies before the commit', async () => {
      const stage = await newStage();
      await dieBeforeCommit(stage);
      expect(await queuedAt(stage)).toBe(1);
      await stage.daemon.start();
      await finish(stage, 1);
      expect(await textsOf(stage)).toEqual(answered('nameless'));
    });

    it('would be missed if it were acknowledged before the commit', async () => {
      const hasty =
        'this.#options.acknowledge(item); await new Promise((go) => setTimeout(go, 100)); ';
      const dist = mutant(
        'src/nats/turn-handover.js',
        /await this\.#options\.door\.turn\(/,
        `${hasty}await this.#options.door.turn(`,
      );
      const stage = await newStage(dist);
      await dieBeforeCommit(stage);
      expect(await queuedAt(stage)).toBe(0);
      await stage.daemon.start();
      expect(await turnsOf(stage)).toEqual([]);
    });

    it('is taken again by a daemon whose broker was away, and what ran meanwhile is kept', async () => {
      const stage = await newStage();
      await stage.daemon.start();
      const { pid } = stage.daemon;
      await publish(stage, 'before');
      await until(() => stage.model.calls === 1, 'the model call');
      await stage.broker.kill();
      stage.model.answer();
      await stage.broker.restart();
      await finish(stage, 1); // a prompt that comes sooner stands before the answer
      await publish(stage, 'after');
      await finish(stage, 2);
      expect(await textsOf(stage)).toEqual([...answered('before'), ...answered('after')]);
      expect([stage.daemon.pid, stage.daemon.isRunning]).toEqual([pid, true]);
    });
  },
);
