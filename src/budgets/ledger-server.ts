/**
 * The ledger as an actor: it answers sessions that ask for money, hears of every commit that spends some, and has sessions
 * go on that wait for a budget when that was raised, lifted, or has a new period.
 *
 * 1. What is spent is not its own: it stands in the journal's tallies, changed by the commits of sessions alone. So a ledger
 *    that dies, and a daemon that is killed, know as much afterwards as before.
 * 2. Only grants that are not committed yet are in its memory. Before it answers anybody it waits for the commits that an
 *    earlier one has granted; what that one has granted and nobody has committed is void (`CommitLoop`).
 * 3. It hears of a commit in the tick in which it is durable, not by a message: between the two the money would count twice.
 */
import { z } from 'zod';
import {
  addedTo,
  type Budget,
  type BudgetName,
  budgetKey,
  describeBudget,
  goneOf,
  NO_TALLY,
  ofTallyName,
  ownBudget,
  type Payer,
  type Tally,
  type TallyName,
  tallyName,
} from '../model/budget.ts';
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { Head } from '../model/head.ts';
import type { SessionKey, Tenant } from '../model/ids.ts';
import { usdOf } from '../model/money.ts';
import { TELEMETRY } from '../model/telemetry.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import type { Clock } from '../otp/clock.ts';
import { genServer, noreply, protocol, reply } from '../otp/gen-server.ts';
import type { From } from '../otp/message.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import { catalogName } from '../session/ports/catalog.ts';
import { type Journal, journalName, type SessionChange } from '../session/ports/journal.ts';
import {
  type BudgetState,
  type Granted,
  ledgerName,
  type ReserveOrder,
  type Short,
} from '../session/ports/ledger.ts';
import type { BudgetBook } from './book.ts';
import { LedgerBook, WAIT_MS } from './ledger.ts';

/** Longest that an order waits for its answer: it is decided before. */
const CALL_MS = WAIT_MS + 30_000;
/** How often it looks whether somebody has waited too long, while somebody waits. */
const LOOK_MS = 1_000;
/** When sessions are looked at that waited for a budget before the start. */
const FIRST_LOOK_MS = 2_000;
/** Sessions that are looked at in one go. */
const PAGE = 100;
/** The part of a budget that is told of when it is gone. */
const WARNING_SHARE = 0.8;

export interface LedgerArgs {
  readonly book: BudgetBook;
  /** Where the budgets are kept; undefined: nowhere. */
  readonly dir: string | undefined;
  /** Resolves when no commit is under way. */
  readonly commitsAreIn: () => Promise<void>;
  /** Has a session ask for money again. */
  readonly goOn: (key: SessionKey, budget: string) => Promise<void>;
  readonly announce: (tenant: Tenant, notice: BudgetWarning) => void;
}

/** Most of a budget is gone. */
export interface BudgetWarning {
  readonly type: 'budget.warning';
  readonly at: string;
  readonly budget: string;
  readonly limitUsd: number;
  readonly usedUsd: number;
}

/** Which waiting sessions are to be looked at: of one budget, or of all. */
interface Changed {
  readonly tenant: Tenant;
  readonly name: BudgetName | undefined;
}

type Reserved = Granted | Short;

const ledgerProtocol = protocol({
  calls: {
    reserve: { request: z.custom<ReserveOrder>(), reply: z.custom<Reserved>() },
    put: {
      request: z.custom<{ readonly tenant: Tenant; readonly budget: Budget }>(),
      reply: z.custom<BudgetState>(),
    },
    delete: {
      request: z.custom<{ readonly tenant: Tenant; readonly name: BudgetName }>(),
      reply: z.boolean(),
    },
  },
  infos: {
    look: z.void(),
    tick: z.void(),
    firstLook: z.void(),
    changed: z.custom<Changed>(),
    wentOn: z.custom<{ readonly changed: Changed; readonly error?: unknown }>(),
  },
});
type Protocol = typeof ledgerProtocol;
type LedgerSelf = Self<Protocol>;

interface State {
  readonly args: LedgerArgs;
  readonly journal: Journal;
  readonly ledger: LedgerBook<From<Reserved>>;
  readonly id: number;
  isLookDue: boolean;
  isTicking: boolean;
}

const LedgerServer = genServer(ledgerProtocol, {
  init: async (args: LedgerArgs, self): Promise<State> => {
    const { system, ref } = self;
    const journal = system.fetch(journalName);
    args.book.load(args.dir);
    await args.commitsAreIn();
    const tally = (tenant: Tenant, name: TallyName) => journal.tally(tenant, name);
    const ledger = new LedgerBook<From<Reserved>>({
      ...{ budgetsOf: (payer: Payer) => args.book.of(payer), tally },
    });
    const state: State = {
      ...{ args, journal, ledger, id: ref.id, isLookDue: false, isTicking: false },
    };
    self.own(journal.subscribe((changes) => committed(state, self, changes)));
    self.register(ledgerName, {
      ref,
      reserve: (order) => ref.call('reserve', order, { timeoutMs: CALL_MS }),
      hasLeft: (payer, nanoUsd) => ledger.wouldPass({ payer, nanoUsd }, system.clock.now()),
      giveBack: (key, grant) => {
        ledger.close(key, grant);
        ledger.withdraw(grant)?.fail(new GreenroomError('unavailable', 'it was given back'));
        lookSoon(state, self);
      },
      put: (tenant, budget) => ref.call('put', { tenant, budget }),
      delete: (tenant, name) => ref.call('delete', { tenant, name }),
      list: (tenant, owners) => listed(state, system.clock, tenant, owners),
      of: (payer) => ownState(state, system.clock, payer),
    });
    self.sendAfter(FIRST_LOOK_MS, 'firstLook');
    return state;
  },

  handleCall: {
    reserve: (order, state, self, from) => {
      // Another one's commits would not be heard of: the next ledger belongs to it.
      if (self.system.find(journalName) !== state.journal)
        throw new GreenroomError('unavailable', 'the journal was restarted');
      let decision: ReturnType<State['ledger']['reserve']>;
      try {
        decision = state.ledger.reserve(order, from, self.system.clock.now());
      } catch (error) {
        from.fail(error); // a tally that cannot be read is the matter of those that pay from it
        return noreply(state);
      }
      tickWhileNeeded(state, self);
      if (decision === undefined) return noreply(state);
      if (decision === 'full') {
        from.fail(new GreenroomError('unavailable', 'too many model calls wait for money'));
        return noreply(state);
      }
      return reply(of(state, decision), state);
    },
    put: ({ tenant, budget }, state, self, from) => {
      try {
        state.args.book.put(tenant, budget);
      } catch (error) {
        from.fail(error);
        return noreply(state);
      }
      self.send('changed', { tenant, name: budget });
      return reply(stateOf(state, self.system.clock, tenant, budget), state);
    },
    delete: ({ tenant, name }, state, self, from) => {
      try {
        const wasThere = state.args.book.delete(tenant, name);
        if (wasThere) self.send('changed', { tenant, name });
        return reply(wasThere, state);
      } catch (error) {
        from.fail(error);
        return noreply(state);
      }
    },
  },

  handleInfo: {
    look: (_, state, self) => {
      state.isLookDue = false;
      look(state, self.system.clock);
      return noreply(state);
    },
    tick: (_, state, self) => {
      state.isTicking = false;
      look(state, self.system.clock);
      tickWhileNeeded(state, self);
      return noreply(state);
    },
    firstLook: (_, state, self) => {
      for (const tenant of self.system.find(catalogName)?.tenants() ?? [])
        self.send('changed', { tenant, name: undefined });
      return noreply(state);
    },
    changed: (changed, state, self) => {
      lookSoon(state, self);
      self.pipe(
        haveGoOn(state, self, changed),
        () => ['wentOn', { changed }],
        (error) => ['wentOn', { changed, error }],
      );
      return noreply(state);
    },
    wentOn: ({ changed, error }, state, self) => {
      // A part that restarts: they are looked at again. What is refused for good has gone on, or is gone.
      if (codeOf(error) === 'unavailable') self.sendAfter(LOOK_MS, 'changed', changed);
      return noreply(state);
    },
  },

  redact: ({ ledger }) => ledger.sizes,
});

const of = ({ id }: State, decision: Omit<Granted, 'ledger'> | Short): Reserved =>
  decision.type === 'granted' ? { ...decision, ledger: id } : decision;

const look = (state: State, clock: Clock): void => {
  for (const [from, decision] of state.ledger.look(clock.now())) from.reply(of(state, decision));
};

const lookSoon = (state: State, self: LedgerSelf): void => {
  if (state.isLookDue || state.ledger.sizes.waiting === 0) return;
  state.isLookDue = true;
  self.send('look');
};

const tickWhileNeeded = (state: State, self: LedgerSelf): void => {
  if (state.isTicking || state.ledger.isIdle) return;
  state.isTicking = true;
  self.sendAfter(LOOK_MS, 'tick');
};

/** In the journal's own tick: an error here must not become the journal's. */
const committed = (state: State, self: LedgerSelf, changes: readonly SessionChange[]): void => {
  let sums: Map<string, Spent> | undefined;
  for (const change of changes) {
    if (change.tallies === undefined) continue;
    sums ??= new Map();
    const { key } = change;
    for (const each of change.tallies) {
      if (each.grant !== undefined) state.ledger.close(key, each.grant);
      const id = `${key.tenant}\0${each.name}`;
      const { added = NO_TALLY } = sums.get(id) ?? {};
      const head = change.kind === 'write' ? change.head : undefined;
      sums.set(id, { key, head, name: each.name, added: addedTo(added, each) });
    }
  }
  if (sums === undefined) return;
  lookSoon(state, self);
  for (const spent of sums.values()) follow(state, self, spent);
};

/** What the commits of one tick have done to a tally. */
interface Spent {
  readonly key: SessionKey;
  readonly head: Head | undefined;
  readonly name: TallyName;
  readonly added: Tally;
}

const follow = (state: State, self: LedgerSelf, { key, head, name, added }: Spent): void => {
  const { tenant } = key;
  const budget = ofTallyName(name);
  if (added.extra > 0) self.send('changed', { tenant, name: budget });
  if (goneOf(added) <= 0) return;
  const limit = limitOf(state, tenant, budget, head);
  if (limit === undefined) return;
  const tally = state.journal.tally(tenant, name);
  const from = (limit + tally.extra) * WARNING_SHARE;
  if (goneOf(tally) < from || goneOf(tally) - goneOf(added) >= from) return;
  const notice = {
    budget: describeBudget(budget),
    limitUsd: usdOf(limit + tally.extra),
    usedUsd: usdOf(goneOf(tally)),
  };
  if (TELEMETRY.budgetWarning.isHeard) TELEMETRY.budgetWarning.tell({ tenant, ...notice });
  const at = new Date(self.system.clock.now()).toISOString();
  state.args.announce(tenant, { type: 'budget.warning', at, ...notice });
};

const limitOf = (
  { args: { book } }: State,
  tenant: Tenant,
  name: BudgetName,
  head: Head | undefined,
): number | undefined =>
  name.scope === 'session'
    ? head && ownBudget(head)?.limitNanoUsd
    : book.find(tenant, name)?.limitNanoUsd;

/** Those that wait for it and would not any more. */
const haveGoOn = async (
  state: State,
  self: LedgerSelf,
  { tenant, name }: Changed,
): Promise<void> => {
  const { system } = self;
  let cursor: string | undefined;
  do {
    const page = await system.fetch(catalogName).search(tenant, {
      ...{ status: ['waiting'], limit: PAGE, sortBy: 'createdAt', order: 'asc' },
      ...filterOf(name),
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { key } of page.rows) {
      await lookAt(state, key, name, system.clock.now()).catch(unlessGone);
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
};

const lookAt = async (
  state: State,
  key: SessionKey,
  name: BudgetName | undefined,
  nowMs: number,
): Promise<void> => {
  const { head } = await state.journal.open(key);
  const budget = head && waitsFor(state, head, name, nowMs);
  if (budget !== undefined) await state.args.goOn(key, budget);
};

/** It was deleted meanwhile, cannot be read, or cannot be woken: the others are looked at. */
const unlessGone = (error: unknown): void => {
  if (codeOf(error) === 'unavailable') throw error;
};

const filterOf = (name: BudgetName | undefined) => {
  if (name?.scope === 'owner') return { owner: name.value };
  return name?.scope === 'tag' ? { tags: [name.value] } : {};
};

const waitsFor = (
  { ledger }: State,
  head: Head,
  changed: BudgetName | undefined,
  nowMs: number,
): string | undefined => {
  const phase = head.openTurns[0]?.phase;
  if (phase?.kind !== 'budget') return undefined;
  const budget = budgetKey(ofTallyName(phase.tally));
  if (changed !== undefined && budget !== budgetKey(changed)) return undefined;
  const order = { payer: head, nanoUsd: phase.neededNanoUsd };
  // Lowered since it was asked: what was asked for would not do any more, so it is asked anew.
  const limit = ledger.limitOf(head, budget, nowMs) ?? Infinity;
  return ledger.wouldPass(order, nowMs) || limit < phase.limitNanoUsd ? budget : undefined;
};

const stateOf = (
  { args, journal }: State,
  clock: Clock,
  tenant: Tenant,
  budget: Budget,
): BudgetState => ({
  budget,
  tally: journal.tally(tenant, tallyName(budget, clock.now())),
  isConfigured: !args.book.has(tenant, budget),
});

const listed = (
  state: State,
  clock: Clock,
  tenant: Tenant,
  owners: readonly string[],
): readonly BudgetState[] => {
  const { book } = state.args;
  const put = book.list(tenant);
  const configured = owners.flatMap((owner) =>
    book.ofOwner(tenant, owner).filter((budget) => !book.has(tenant, budget)),
  );
  return [...put, ...configured].map((budget) => stateOf(state, clock, tenant, budget));
};

const ownState = (state: State, clock: Clock, payer: Payer): BudgetState | undefined => {
  const own = ownBudget(payer);
  if (own === undefined) return undefined;
  return { ...stateOf(state, clock, payer.key.tenant, own), isConfigured: false };
};

/** Needs the journal and the catalog. */
export const ledgerServer = (args: LedgerArgs): ChildSpec<Ref<Protocol>> =>
  LedgerServer.childSpec(args, { id: 'ledger' });
