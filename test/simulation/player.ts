/** The actor of a simulation: it starts, works and ends as the dice say, and writes down what happens to it. */

import { z } from 'zod';
import type { From, IGNORE, Name, Ref, Self } from '../../src/otp/index.ts';
import type { Dice } from '../../src/testing/dice.ts';
import type { CallBook, Job } from './call-book.ts';
import type { Chronicle } from './chronicle.ts';
import type { Life } from './life.ts';
import type { WorkerPlan } from './plan.ts';
import type { Runtime } from './runtime.ts';
import type { TieBook, Watching } from './tie-book.ts';

/** What somebody wants a player to do with a message. */
export type Act =
  | { readonly do: 'answer' | 'never' | 'crash' | 'fail' | 'commit' | 'failCommit' | 'takeBack' }
  | { readonly do: 'later' | 'block'; readonly ms: number }
  | { readonly do: 'stop'; readonly reason: 'normal' | { readonly shutdown: string } }
  | { readonly do: 'watch' | 'link'; readonly whom: Life };

interface Order {
  readonly job: Job;
  readonly act: Act;
}

/** What all players of one simulation share. */
export interface Troupe {
  readonly runtime: Runtime;
  readonly chronicle: Chronicle;
  readonly calls: CallBook;
  readonly ties: TieBook;
  readonly dice: Dice;
  /** Faults happen only while it is stormy. */
  stormy: boolean;
}

export interface Role {
  readonly troupe: Troupe;
  readonly plan: WorkerPlan;
}

interface State extends Role {
  readonly life: Life;
  readonly watchings: Map<object, Watching>;
}

const declared = {
  calls: { work: { request: z.custom<Order>(), reply: z.number() } },
  casts: { work: z.custom<Order>() },
  infos: { answer: z.custom<() => void>() },
} as const;

export type PlayerRef = Ref<typeof declared>;
export type PlayerSelf = Self<typeof declared>;

const SLOW_MS = 20;
const COMMIT_MS = 5;

export const nameOfPlayer = ({ otp }: Runtime, id: string): Name<PlayerRef> => otp.nameOf(id);

export function playersOf({ otp }: Runtime) {
  const { genServer, noreply, protocol, reply, replyAfter, stop } = otp;
  return genServer(protocol(declared), {
    init: (role: Role, self): Promise<State | typeof IGNORE> | State | typeof IGNORE => {
      self.register(nameOfPlayer(role.troupe.runtime, role.plan.id), self.ref);
      if (role.plan.traps) self.trapExit(true);
      return begin(role);
    },
    handleCall: {
      work: ({ job, act }, state, self, from) => {
        begun(state, job);
        switch (act.do) {
          case 'answer':
            return reply(job.no, state);
          case 'fail':
            from.fail(new otp.OtpError('unknown_call', 'as it was told'));
            return noreply(state);
          case 'later':
            self.sendAfter(act.ms, 'answer', () => answer(state, from, job));
            return noreply(state);
          case 'commit':
            return replyAfter(committed(state), (now: State) => {
              state.troupe.chronicle.count('answer after a commit');
              return reply(job.no, now);
            });
          case 'failCommit':
            return replyAfter(committed(state, true), (now: State) => reply(job.no, now));
          case 'stop':
            return state.troupe.dice.once(2)
              ? stop(act.reason, state, job.no)
              : stop(act.reason, state);
          case 'never':
            return noreply(state);
          default:
            perform(act, state, self);
            return reply(job.no, state);
        }
      },
    },
    handleCast: {
      work: ({ job, act }, state, self) => {
        begun(state, job);
        if (act.do === 'stop') return stop(act.reason, state);
        perform(act, state, self);
        return noreply(state);
      },
    },
    handleInfo: {
      answer: (give, state) => {
        give();
        return noreply(state);
      },
    },
    handleDown: ({ monitor, reason }, state) => {
      const watching = state.watchings.get(monitor);
      if (watching === undefined) state.troupe.chronicle.wrong('a DOWN of nobody');
      else state.troupe.ties.down(watching, reason);
      return noreply(state);
    },
    handleExit: ({ ref, reason }, state) => {
      state.troupe.chronicle.count('trapped exit');
      return ref === undefined ? stop(reason, state) : noreply(state);
    },
    terminate: (reason, { troupe, plan, life }) => {
      troupe.chronicle.ending(life, reason);
      return end(troupe, plan);
    },
    redact: ({ plan }) => plan.id,
  });
}

/** How the dice let it start. */
function begin(role: Role): Promise<State | typeof IGNORE> | State | typeof IGNORE {
  const { troupe, plan } = role;
  const { stormy, dice } = troupe;
  const happens = (onceIn: number) => stormy && onceIn > 0 && dice.once(onceIn);
  const life = troupe.chronicle.at(plan.id);
  if (life === undefined) throw new Error(`nobody wrote down that ${plan.id} was born`);
  const state: State = { ...role, life, watchings: new Map() };
  const first = (): State | typeof IGNORE => {
    if (happens(plan.failsToStart)) throw new Error('does not start');
    if (!happens(plan.isNotWanted)) return state;
    troupe.chronicle.ignored(life);
    return troupe.runtime.otp.IGNORE;
  };
  if (happens(plan.neverStarts)) {
    troupe.chronicle.count('init that took too long');
    return new Promise(() => {});
  }
  return happens(plan.startsSlowly) ? after(troupe, dice.int(1, SLOW_MS)).then(first) : first();
}

function end({ stormy, dice, chronicle }: Troupe, plan: WorkerPlan): void | Promise<void> {
  const happens = (onceIn: number) => stormy && onceIn > 0 && dice.once(onceIn);
  // Whoever may take for ever would hold up everybody.
  if (plan.shutdownMs !== 'infinity' && happens(plan.neverEnds)) return new Promise(() => {});
  if (happens(plan.failsToEnd)) throw new Error('does not end well');
  if (happens(plan.endsSlowly)) return after({ chronicle }, dice.int(1, SLOW_MS));
}

function begun({ troupe, life }: State, job: Job): void {
  troupe.chronicle.up(life);
  troupe.calls.doing(job, life);
}

function answer({ troupe, life }: State, from: From<number>, job: Job): void {
  if (life.phase === 'over') troupe.chronicle.wrong('a timer of the dead goes off');
  if (from.settled) troupe.chronicle.count('answer that came too late');
  from.reply(job.no);
}

function perform(act: Act, state: State, self: PlayerSelf): void {
  const { troupe, life, watchings } = state;
  switch (act.do) {
    case 'crash':
      throw new Error('as it was told');
    case 'watch': {
      if (act.whom.ref === undefined) return;
      const watching = troupe.ties.watched(life, act.whom);
      watchings.set(self.monitor(act.whom.ref), watching);
      return;
    }
    case 'takeBack': {
      const open = troupe.ties.openOf(life);
      const monitor = [...watchings].find(([, watching]) => watching === open)?.[0];
      if (open === undefined || monitor === undefined) return;
      troupe.ties.takenBack(open);
      self.demonitor(monitor as ReturnType<PlayerSelf['monitor']>);
      return;
    }
    case 'block':
      return troupe.chronicle.block(act.ms);
    case 'link':
      if (act.whom.ref === undefined || act.whom === life) return;
      troupe.ties.linked(life, act.whom);
      self.link(act.whom.ref);
      return;
    default:
      return;
  }
}

const committed = ({ troupe }: State, fails = false): Promise<void> =>
  after(troupe, COMMIT_MS).then(() => {
    if (fails) throw new Error('the commit failed');
  });

const after = ({ chronicle }: Pick<Troupe, 'chronicle'>, ms: number): Promise<void> =>
  new Promise((resolve) => void chronicle.clock.setTimeout(resolve, ms));
