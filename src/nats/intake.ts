/**
 * The intake: turn requests from the work queue, handed over to sessions. It owns the queue's
 * consumer and what is in hand; the broker keeps every message until it is acknowledged.
 *
 * Invariants:
 * 1. A message is acknowledged after its turn is durable, or after its refusal is; never negatively.
 * 2. At start, after a reconnection and when the consumer was lost, the consumer is made anew: it
 *    delivers everything unacknowledged in order. What is in hand already is known by its place in
 *    the stream; what was accepted already, by the ledger.
 */
import { z } from 'zod';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { type Clock, pause } from '../otp/clock.ts';
import { genServer, noreply, protocol, stop } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { Feed } from '../session/events/feed.ts';
import type { TurnTrails } from '../session/events/turn-trails.ts';
import { journalName } from '../session/ports/journal.ts';
import {
  type RefusedTurnFacts,
  type RefusedTurns,
  refusedTurnsName,
} from '../session/ports/refused-turns.ts';
import { brokerName } from './broker.ts';
import { isHopeless, type StreamSizes } from './broker-fault.ts';
import { type LinkFace, linkName } from './link.ts';
import { NO_NOTICES, type Notices } from './notices.ts';
import { refusedTurns } from './refused-turns.ts';
import { Subjects } from './subjects.ts';
import { type QueuePast, TurnQueue, WINDOW, type Window } from './turn-queue.ts';

export interface IntakeArgs {
  /** First token of every subject. */
  readonly prefix: string;
  readonly feed: Feed;
  readonly door: SessionsDoor;
  /** Whose turns the queue holds; default: the journal's store. */
  readonly storeId?: string;
  readonly window?: Partial<Window>;
  /** What the streams reserve where they are made. */
  readonly sizes?: StreamSizes;
  /** Told of what was lost and made anew. */
  readonly notices?: Notices;
  /** Where the stations of turns are kept; default: nowhere. */
  readonly trails?: TurnTrails;
  /** What earlier queues of this daemon have seen. */
  readonly past?: QueuePast;
}

export interface IntakeFace {
  readonly stats: IntakeStats;
}

export interface IntakeStats {
  /** Messages in hand, those set aside without their content included. */
  readonly inHand: number;
  readonly loaded: number;
  /** Since the intake started. */
  readonly accepted: number;
  readonly refused: number;
}

export const intakeName = nameOf<IntakeFace>('nats-intake');

const FIRST_OPEN_MS = 20_000;
/** JetStream of a broker that others run is up already, or is not there at all. */
const FIRST_OPEN_OUTSIDE_MS = 5_000;
const REOPEN_MS = 100;
/**
 * A consumer that is made while the server still clears a deleted stream of the same name away may be dead: it
 * takes requests and messages and never brings them together (nats-server 2.9.10). So it is made once more.
 */
const SETTLED_MS = 1_000;

const intakeProtocol = protocol({
  calls: {},
  infos: {
    /** The consumer is to be made anew. */
    open: z.void(),
    /** Whether the stream of turns had to be made. */
    opened: z.boolean(),
    notOpened: z.custom<unknown>(),
  },
});

interface State {
  readonly link: LinkFace;
  readonly queue: TurnQueue;
  /** `again`: another reason came while it was being opened. */
  readonly opening: 'no' | 'yes' | 'again';
  readonly notices: Notices;
  /** Why it cannot be opened, as it was told last. */
  readonly told: string | undefined;
}

export const Intake = genServer(intakeProtocol, {
  init: async (args: IntakeArgs, self): Promise<State> => {
    const { system } = self;
    const { notices = NO_NOTICES } = args;
    const link = system.fetch(linkName);
    const jsm = await link.nc.jetstreamManager({ checkAPI: false });
    const queue = new TurnQueue(
      {
        link,
        clock: system.clock,
        feed: args.feed,
        subjects: new Subjects(args.prefix),
        storeId: args.storeId ?? system.fetch(journalName).info().storeId,
        window: { ...WINDOW, ...args.window },
        door: args.door,
        sizes: args.sizes,
        notices,
        past: args.past,
        trails: args.trails,
        onInternal: (error, where) =>
          system.report({
            kind: 'fault',
            actor: 'nats-intake',
            during: `a turn of the queue for ${where.tenant}/${where.sessionId}`,
            error,
            where,
          }),
        onLost: (why) => {
          if (link.isConnected())
            notices.warn({ why }, 'the consumer of the queue was lost: it is made anew');
          self.send('open');
        },
      },
      jsm,
    );
    self.own(() => queue.pause());
    const isOwn = system.find(brokerName) !== undefined;
    await firstOpen(queue, system.clock, isOwn ? FIRST_OPEN_MS : FIRST_OPEN_OUTSIDE_MS);
    self.own(link.onReconnect(() => self.send('open')));
    self.register(intakeName, faceOf(queue));
    self.register(refusedTurnsName, {
      newest: (wanted) => newest(link, new Subjects(args.prefix), wanted),
    });
    return { link, queue, opening: 'no', notices, told: undefined };
  },

  handleCall: {},

  handleInfo: {
    open: (_, state: State, self) => {
      if (state.opening !== 'no') return noreply({ ...state, opening: 'again' });
      if (!state.link.isConnected()) return noreply(state); // the reconnection will tell us
      self.pipe(
        state.queue.open(),
        (isMade) => ['opened', isMade],
        (error) => ['notOpened', error],
      );
      return noreply({ ...state, opening: 'yes' });
    },
    opened: (isMade, state: State, self) => {
      if (state.opening === 'again') self.send('open');
      if (isMade) self.sendAfter(SETTLED_MS, 'open');
      return noreply({ ...state, opening: 'no', told: undefined });
    },
    /** The broker may be away for long; another store's queue is no matter of patience. */
    notOpened: (error, state: State, self) => {
      if (codeOf(error) === 'broker_in_use') return stop({ crashed: error }, state);
      self.sendAfter(REOPEN_MS, 'open');
      const { message } = error as Error;
      if (message !== state.told && state.link.isConnected())
        state.notices.warn(
          { err: error },
          `the queue cannot be opened, and is tried again: ${message}`,
        );
      return noreply({ ...state, opening: 'no', told: message });
    },
  },

  /** What is being handed over is finished and acknowledged; the rest waits in the broker. */
  terminate: (_, { queue }) => queue.pause(),

  redact: ({ queue: { handover }, opening }) => ({
    opening,
    inHand: handover.items,
    loaded: handover.loaded,
  }),
});

/** A broker that has just started may need a moment for its streams. */
const firstOpen = async (queue: TurnQueue, clock: Clock, patienceMs: number): Promise<void> => {
  const due = clock.monotonic() + patienceMs;
  for (;;) {
    try {
      await queue.open();
      return;
    } catch (error) {
      if (isHopeless(error) || clock.monotonic() > due) throw error;
      await pause(clock, REOPEN_MS);
    }
  }
};

/** A page asks again and again: of all that the broker keeps, the end is enough. */
const LOOKS = 1_000;

const newest = async (
  { nc, isConnected }: LinkFace,
  subjects: Subjects,
  wanted: Parameters<RefusedTurns['newest']>[0],
): Promise<readonly RefusedTurnFacts[]> => {
  if (!isConnected()) throw new GreenroomError('unavailable', 'the broker is away');
  try {
    return await refusedTurns(nc, subjects, { ...wanted, looks: LOOKS });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GreenroomError('unavailable', `the broker does not show them: ${why}`);
  }
};

const faceOf = (queue: TurnQueue): IntakeFace => ({
  get stats() {
    const { items, loaded, accepted, refused } = queue.handover;
    return { inHand: items, loaded, accepted, refused };
  },
});
