/**
 * A whole Greenroom for one test: real LMDB in a folder that goes away, real threads, the real SDK
 * against a rehearsal server in this process. Only the clock may be the test's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeAll, onTestFinished } from 'vitest';
import {
  type Greenroom,
  type GreenroomOptions,
  startGreenroom,
  type WireEvent,
} from '../../src/index.ts';
import { keyString, type SessionKey, sessionKey } from '../../src/model/ids.ts';
import type { TreeNode } from '../../src/otp/inspect.ts';
import type { ActorRef } from '../../src/otp/ref.ts';
import type { Report } from '../../src/otp/report.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Script } from '../../src/rehearsal/endpoints.ts';
import type { SeenRequest } from '../../src/rehearsal/seen-request.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { liveName } from '../../src/session/actor/live-names.ts';
import { journalName } from '../../src/session/ports/journal.ts';
import { atFileEnd } from './file-end.ts';
import { aFewTurns, delayReads } from './late-reads.ts';
import { modelThreads } from './model-threads.ts';
import { Reading } from './reading.ts';

export type Prompt = Parameters<Greenroom['turn']>[1];
export type TurnOptions = NonNullable<Parameters<Greenroom['turn']>[2]>;
export type Options = Partial<Omit<GreenroomOptions, 'dataDir'>> & {
  readonly script?: Script;
  /** The window of the rehearsal's models; default 200,000 tokens. */
  readonly contextTokens?: number;
};

export class TestGreenroom {
  readonly rehearsal: Rehearsal;
  readonly dataDir: string;
  readonly reports: Report[] = [];
  readonly #options: Options;
  #greenroom: Greenroom | undefined;
  /** It still runs as it was started, and none of its actors has crashed: the next test cannot tell it from a new one. */
  #isAsNew = true;
  readonly #changed = new Map<string, SessionKey>();

  constructor(rehearsal: Rehearsal, options: Options) {
    this.rehearsal = rehearsal;
    this.#options = options;
    this.dataDir = mkdtempSync(join(tmpdir(), 'greenroom-test-'));
  }

  get greenroom(): Greenroom {
    if (this.#greenroom === undefined) throw new Error('it is not running');
    return this.#greenroom;
  }

  get sessions() {
    return this.greenroom.sessions;
  }

  get journal() {
    return this.greenroom.system.fetch(journalName);
  }

  async start(more: Options = {}): Promise<void> {
    const { script: _, contextTokens: __, ...options } = { ...this.#options, ...more };
    this.#greenroom = await startGreenroom({
      provider: 'anthropic',
      anthropicApiKey: 'any',
      anthropicBaseUrl: this.rehearsal.url,
      workers: 1,
      retryDelaySeconds: 0.001,
      drainSeconds: 0,
      textSearch: 'off', // a process more that few tests need
      minFreeMb: 0,
      log: createLog({ level: 'silent' }),
      onFatal: (error) => {
        throw error; // vitest fails on what nobody catches
      },
      ...options,
      testHooks: { modelThreads, ...options.testHooks },
      dataDir: this.dataDir,
    });
    if (process.env['GREENROOM_LATE_READS'] === '1')
      delayReads(this.journal, aFewTurns(Math.random));
    this.greenroom.system.subscribeReports((report) => this.reports.push(report));
    this.journal.subscribe((committed) => {
      for (const { key } of committed) this.#changed.set(keyString(key), key);
    });
  }

  async stop(): Promise<void> {
    this.#isAsNew = false;
    await this.#greenroom?.stop();
    this.#greenroom = undefined;
  }

  async restart(more: Options = {}): Promise<void> {
    await this.stop();
    await this.start(more);
  }

  /** Without its sessions, their ids free again; forks go before their parents. */
  async empty(): Promise<void> {
    const { sessions } = await this.sessions.search({ limit: 1000 });
    const newestFirst = sessions.toSorted((one, other) =>
      one.createdAt < other.createdAt ? 1 : -1,
    );
    for (const { sessionId } of newestFirst)
      await this.sessions.delete(sessionId, { release: true });
  }

  /** Makes it ready for the next test. @returns false: something of it has changed for good. */
  async renew(): Promise<boolean> {
    if (!this.#isAsNew || this.reports.length > 0) return false;
    await this.empty();
    this.rehearsal.clear();
    for (const key of this.#changed.values()) {
      const session = await this.journal.open(key);
      if (session.head !== undefined || (await session.tombstone()) !== undefined) return false;
    }
    return this.reports.length === 0;
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.rehearsal.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Begins a turn and reads its events as they come. */
  begin(sessionId: string, prompt: Prompt, options: TurnOptions = {}): Reading {
    return new Reading(this.greenroom.turn(sessionId, prompt, options));
  }

  /** Runs a turn and gives its events. */
  run(sessionId: string, prompt: Prompt, options: TurnOptions = {}): Promise<WireEvent[]> {
    return this.begin(sessionId, prompt, options).done;
  }

  /** The model calls that the rehearsal saw, oldest first. */
  get modelCalls(): SeenRequest[] {
    return this.rehearsal.requests.toArray().filter(({ path }) => path === '/v1/messages');
  }

  /** The prompts that the rehearsal was asked to count, oldest first. */
  get modelCounts(): SeenRequest[] {
    const isCount = ({ path }: SeenRequest) => path === '/v1/messages/count_tokens';
    return this.rehearsal.requests.toArray().filter(isCount);
  }

  /** The last model call's body, as it came. */
  get lastCall(): string {
    return this.modelCalls.at(-1)?.rawBody.toString() ?? '';
  }

  /** The actor of a session, while it is awake. */
  live(sessionId: string): ActorRef | undefined {
    return this.greenroom.system.find(liveName)?.find(keyString(sessionKey('default', sessionId)));
  }

  /** A node of the running tree: `node('storage', 'journal')`; the root without a path. */
  node(...path: string[]): TreeNode {
    return path.reduce((node, id) => {
      const child = node.children.find((one) => one.id === id);
      if (child === undefined) throw new Error(`${node.label} has no child ${id}`);
      return child;
    }, this.greenroom.tree());
  }
}

const unstarted = async (options: Options): Promise<TestGreenroom> => {
  const { script, contextTokens } = options;
  const rehearsal = await startRehearsal({
    ...(script === undefined ? {} : { script }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
  });
  return new TestGreenroom(rehearsal, options);
};

const started = async (options: Options): Promise<TestGreenroom> => {
  const test = await unstarted(options);
  try {
    await test.start();
  } catch (error) {
    await test.remove();
    throw error;
  }
  return test;
};

/** A Greenroom with no options but a script, which each test that has it sets. */
interface Plain {
  readonly test: TestGreenroom;
  script: Script | undefined;
}

/** The plain one of this file, while no test has it: a start costs more than what most tests do. */
let spare: Plain | undefined;

const plain = async (): Promise<Plain> => {
  const stage: { script: Script | undefined } = { script: undefined };
  const test = await started({ script: (request) => stage.script?.(request) });
  return Object.assign(stage, { test });
};

const giveBack = async (used: Plain): Promise<void> => {
  used.script = undefined;
  const isGood = spare === undefined && (await used.test.renew().catch(() => false));
  if (!isGood) return used.test.remove();
  spare = used;
  atFileEnd(removeSpare);
};

const removeSpare = async (): Promise<void> => {
  const last = spare;
  spare = undefined;
  await last?.test.remove();
};

/**
 * For the test that asks: new, or as good as new, without sessions and without a report; so is its folder. With
 * options it is the test's own.
 */
export const testGreenroom = async (options: Options = {}): Promise<TestGreenroom> => {
  const { script, ...others } = options;
  if (Object.keys(others).length > 0) return ownGreenroom(options);
  const used = spare ?? (await plain());
  spare = undefined;
  used.script = script;
  onTestFinished(() => giveBack(used));
  return used.test;
};

/** Started for the test that asks, gone after it: for tests that count what a start or an earlier life leaves. */
export const ownGreenroom = async (options: Options = {}): Promise<TestGreenroom> => {
  const test = await started(options);
  onTestFinished(() => test.remove());
  return test;
};

/** Not started yet: for tests whose first life is in another process. */
export const unstartedGreenroom = async (options: Options = {}): Promise<TestGreenroom> => {
  const test = await unstarted(options);
  onTestFinished(() => test.remove());
  return test;
};

/** Started and prepared once for the tests of a file or a `describe`, which leave it as they found it. */
export const preparedGreenroom = (
  prepare: (test: TestGreenroom) => Promise<void>,
  options: Options = {},
): (() => TestGreenroom) => {
  let shared: TestGreenroom | undefined;
  beforeAll(async () => {
    const test = await started(options);
    shared = test;
    await prepare(test);
    return () => test.remove();
  });
  return () => {
    if (shared === undefined) throw new Error('it is there while tests run');
    return shared;
  };
};

/** Started once for tests that leave nothing behind but sessions: each finds it empty. */
export const sharedGreenroom = (options: Options = {}): (() => TestGreenroom) => {
  const shared = preparedGreenroom(async () => undefined, options);
  afterEach(() => shared().empty());
  return shared;
};

/** The text of a model call's last message. */
export const lastText = ({ body }: SeenRequest): string => {
  const content = body.messages.at(-1)?.content ?? '';
  return typeof content === 'string' ? content : content.map(({ text }) => text ?? '').join('');
};

/** Answers prompts that say "hold" with two words, the second when the promise is settled; leaves others alone. */
export const holding =
  (until: Promise<unknown>): Script =>
  (request) =>
    lastText(request).includes('hold')
      ? {
          kind: 'message',
          content: [{ type: 'text', text: 'first second' }],
          chunks: 2,
          gate: { afterEvents: 3, until },
        }
      : undefined;
