/**
 * Adds up what telemetry reports, for as long as it is wanted. It owns the counters and the subscriptions.
 *
 * Telemetry is the process's: two Greenrooms in one process are counted together.
 */
import { onTelemetry, type TelemetryFields, type TelemetryName } from '../model/telemetry.ts';
import { COUNTED } from './declared.ts';
import { Counter, Histogram } from './instruments.ts';
import type { Family } from './text-format.ts';

type Instruments = {
  readonly [K in keyof typeof COUNTED]: (typeof COUNTED)[K]['type'] extends 'histogram'
    ? Histogram
    : Counter;
};

export class Counting {
  readonly #instruments = newInstruments();
  #stops: readonly (() => void)[] = [];

  /** @param onError a bug met an event. */
  start(onError: (error: unknown) => void): void {
    const handlers = handlersOf(this.#instruments);
    this.#stops = HEARD.map((name) => {
      const handle = handlers[name] as (fields: unknown) => void;
      return onTelemetry(name, handle, onError);
    });
  }

  families(): readonly Family[] {
    return Object.values(this.#instruments).map((instrument) => instrument.family());
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }
}

const newInstruments = (): Instruments =>
  Object.fromEntries(
    Object.entries(COUNTED).map(([key, declared]) => [
      key,
      declared.type === 'histogram' ? new Histogram(declared) : new Counter(declared),
    ]),
  ) as unknown as Instruments;

/** What has no handler is not heard, so that its sender makes nothing. */
const HEARD = [
  'greenroom.request',
  'greenroom.turn.accepted',
  'greenroom.turn.refused',
  'greenroom.turn.stop',
  'greenroom.step.start',
  'greenroom.step.first_byte',
  'greenroom.step.retry',
  'greenroom.step.stop',
  'greenroom.tool.stop',
  'greenroom.commit',
  'greenroom.search',
  'greenroom.hook',
  'greenroom.compaction',
  'greenroom.actor.crash',
] as const satisfies readonly TelemetryName[];

type Handlers = {
  readonly [N in (typeof HEARD)[number]]: (fields: TelemetryFields<N>) => void;
};

const handlersOf = (to: Instruments): Handlers => ({
  'greenroom.request': ({ verb, durationMs, code }) => {
    to.requests.add(verb);
    to.requestSeconds.observeMs(durationMs);
    if (code !== undefined) to.requestErrors.add(code);
  },
  'greenroom.turn.accepted': () => to.turnsAccepted.add(''),
  'greenroom.turn.refused': ({ code, isFinal }) => {
    if (isFinal) to.turnsRefused.add(code);
  },
  'greenroom.turn.stop': (turn) => {
    to.turns.add(turn.status);
    to.turnSeconds.observeMs(turn.durationMs);
    if (turn.costUsd === null) to.unpriced.add('');
    else to.costDollars.add('', Math.max(0, turn.costUsd));
    to.tokens.add('input', turn.inputTokens);
    to.tokens.add('output', turn.outputTokens);
    to.tokens.add('cache_read', turn.cacheReadTokens);
    to.tokens.add('cache_write', turn.cacheWriteTokens);
  },
  'greenroom.step.start': ({ model }) => to.modelCallsStarted.add(model),
  'greenroom.step.first_byte': ({ sinceStartMs }) => to.firstByteSeconds.observeMs(sinceStartMs),
  'greenroom.step.retry': ({ errorType }) => to.modelErrors.add(errorType),
  'greenroom.step.stop': ({ outcome, errorType, durationMs }) => {
    to.modelCalls.add(outcome);
    to.modelCallSeconds.observeMs(durationMs);
    if (errorType !== undefined) to.modelErrors.add(errorType);
  },
  'greenroom.tool.stop': ({ tool, outcome, durationMs }) => {
    to.toolCalls.add(tool);
    to.toolOutcomes.add(outcome);
    to.toolSeconds.observeMs(durationMs);
  },
  'greenroom.commit': ({ durationMs, code }) => {
    to.commitSeconds.observeMs(durationMs);
    if (code !== undefined) to.commitErrors.add(code);
  },
  'greenroom.search': ({ durationMs }) => to.searchSeconds.observeMs(durationMs),
  'greenroom.hook': ({ ended, durationMs }) => {
    to.hooks.add(ended);
    to.hookSeconds.observeMs(durationMs);
  },
  'greenroom.compaction': ({ by }) =>
    to.compactions.add(by === 'greenroom' || by === 'api' ? by : 'person'),
  'greenroom.actor.crash': ({ actor, sessionId }) => to.crashes.add(partOf(actor, sessionId)),
});

/** Sessions and MCP servers have actors of their own, so an actor's whole path is no label. */
const partOf = (actor: string, sessionId: string | undefined): string => {
  if (sessionId !== undefined) return 'session';
  const [root = OUTSIDE, part = root] = actor.split('/');
  return part;
};
const OUTSIDE = 'outside';
