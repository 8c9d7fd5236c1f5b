/**
 * An executor without threads: each step takes as long as the dice say and ends as they say. It checks what it is given,
 * and loses its steps when it dies, as the real one does.
 */

import { emptyUsage } from '../../../src/model/usage.ts';
import { genServer, protocol } from '../../../src/otp/gen-server.ts';
import type { ChildSpec, Timer } from '../../../src/otp/index.ts';
import {
  type Executor,
  executorName,
  type ModelStep,
  type StepHandle,
  type StepOutcome,
  type StepSink,
} from '../../../src/session/ports/executor.ts';
import type { Dice } from '../../../src/testing/dice.ts';

/** What steps have in common with the rest of a simulation. */
export interface Studio {
  readonly dice: Dice;
  count(what: string): void;
  wrong(what: string): void;
  /** Default 2,000. */
  readonly slowestMs?: number;
}

const SLOWEST_MS = 2_000;

type Running = Map<string | symbol, Timer>;

const ScriptedExecutor = genServer(protocol({ calls: {} }), {
  init: (studio: Studio, self) => {
    const running: Running = new Map();
    const executor: Executor = {
      ref: self.ref,
      provider: 'rehearsal',
      isHeld: () => false,
      start: (step, sink) =>
        begin(studio, running, step, sink, (fn, ms) => self.system.clock.setTimeout(fn, ms)),
    };
    self.own(() => {
      for (const timer of running.values()) timer.cancel();
      for (const _ of running) studio.count('step lost with its executor');
    });
    self.register(executorName, executor);
    return running;
  },
  handleCall: {},
  redact: (running) => running.size,
});

export const scriptedExecutor = (studio: Studio): ChildSpec =>
  ScriptedExecutor.childSpec(studio, { id: 'steps' });

function begin(
  studio: Studio,
  running: Running,
  step: ModelStep,
  sink: StepSink,
  after: (fn: () => void, ms: number) => Timer,
): StepHandle {
  const texts = messagesOf(step);
  const prompt = texts.at(-1) ?? '';
  // A prompt that names no session is of a task: its runs may overlap.
  const session = prompt.includes('/') ? (prompt.split('/')[0] ?? '') : Symbol(prompt);
  checkHistory(studio, texts);
  if (running.has(session)) studio.wrong(`two steps of ${String(session)} run at once`);
  studio.count('step');
  const end = (outcome: StepOutcome) => {
    if (!running.delete(session)) return;
    sink.outcome(outcome);
  };
  const timer = after(
    () => end(outcomeOf(studio, prompt)),
    studio.dice.int(1, studio.slowestMs ?? SLOWEST_MS),
  );
  running.set(session, timer);
  return {
    cancel: () => {
      if (running.get(session) !== timer) return;
      timer.cancel();
      end({ type: 'cancelled', partialText: '' });
    },
  };
}

function outcomeOf(studio: Studio, prompt: string): StepOutcome {
  const { dice } = studio;
  const error = { type: 'overloaded_error', message: 'later', retryable: true };
  if (dice.once(6)) {
    studio.count('step postponed');
    return { type: 'postponed', error, delayMs: dice.int(1, LONGEST_WAIT_MS), tried: 1 };
  }
  if (dice.once(6)) {
    return { type: 'failed', error, partialText: '', provider: 'rehearsal' };
  }
  const text = answerTo(prompt);
  const body = Buffer.from(
    JSON.stringify({ role: 'assistant', content: [{ type: 'text', text }] }),
  );
  return {
    type: 'message',
    body,
    text,
    toolUses: [],
    stopReason: 'end_turn',
    messageId: `msg-${prompt}`,
    model: 'claude-sonnet-5',
    provider: 'rehearsal',
    usage: { ...emptyUsage, outputTokens: 1 },
    costNanoUsd: 1,
  };
}

/** Longer than a daemon lives here, often. */
const LONGEST_WAIT_MS = 3_000;

export const answerTo = (prompt: string): string => `answer to ${prompt}`;

/** The texts of what the model is asked with, oldest first. */
function messagesOf({ context: { slab, byteOffset, byteLength } }: ModelStep): string[] {
  const json = Buffer.from(slab.buffer, byteOffset, byteLength).toString();
  return (JSON.parse(`[${json}]`) as { readonly content: unknown }[]).map(({ content }) =>
    textOf(content),
  );
}

export const textOf = (content: unknown): string => {
  if (typeof content === 'string') return content;
  const blocks = content as readonly { readonly text?: string }[];
  return blocks.map(({ text }) => text ?? '').join('');
};

/** Nothing is said twice, every answer is to a prompt before it, and all is of one session. */
function checkHistory(studio: Studio, texts: readonly string[]): void {
  const said = new Set<string>();
  for (const text of texts) {
    if (said.has(text)) studio.wrong(`the model is told twice: ${text}`);
    said.add(text);
    const [, prompt] = /^answer to (.*)$/.exec(text) ?? [];
    if (prompt !== undefined && !said.has(prompt))
      studio.wrong(`an answer without its prompt: ${text}`);
  }
  const last = texts.at(-1) ?? '';
  if (last.startsWith('answer to')) studio.wrong('the model is asked with an answer');
}
