/**
 * Folds the inputs that share a commit into one change: pure, so that what a crowd of requests does
 * to a session can be tested without any of them waiting.
 */

import { addedTo, NO_TALLY, type TallyChange } from '../../model/budget.ts';
import { type Due, duesOf } from '../../model/due.ts';
import type { Entry } from '../../model/entry.ts';
import type { Mutable } from '../../model/every.ts';
import type { TurnId } from '../../model/ids.ts';
import type { Snapshot } from '../../model/metrics.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type {
  AuditRecord,
  Fence,
  ForkOrigin,
  PromptWrite,
  ResponseClaim,
  SessionChange,
  SessionWrite,
  StoredResponse,
  StreamDrop,
  StreamRecord,
} from '../ports/journal.ts';
import { apply } from './apply.ts';
import type { Input } from './input.ts';
import { kindOf } from './input-kinds.ts';
import type { Answer, Effect, SessionState, Write } from './machine.ts';
import type { Rules } from './rules.ts';
import { takeSnapshot } from './snapshots.ts';

export interface Folded<T> {
  /** With the version that its commit makes; the very state that was given if nothing changed. */
  readonly state: SessionState;
  readonly writes: readonly Write[];
  readonly effects: readonly Effect[];
  readonly answers: readonly { readonly of: T; readonly answer: Answer }[];
  readonly refusals: readonly { readonly of: T; readonly error: unknown }[];
}

/** What follows by rule alone from what a batch has done, and so belongs to its commit; undefined: nothing does. */
export type Following = (state: SessionState, effects: readonly Effect[]) => Input | undefined;

/**
 * Each input sees what those before it did; one that is refused changes nothing and does not stop the
 * others. `known` are ledger records of turn ids that turned out not to be new; what closes on the way
 * is known to those behind it.
 */
export const foldBatch = <T extends { readonly input: Input }>(
  state: SessionState,
  batch: readonly T[],
  known: ReadonlyMap<TurnId, ClosedTurn>,
  rules: Rules,
  nowMs: number,
  following?: Following,
): Folded<T> => {
  const writes: Write[] = [];
  const effects: Effect[] = [];
  const answers: { of: T; answer: Answer }[] = [];
  const refusals: { of: T; error: unknown }[] = [];
  const closed = new Map<TurnId, ClosedTurn>();
  const ledger = (turnId: TurnId) => closed.get(turnId) ?? known.get(turnId);
  let current = state;
  const take = (input: Input): Answer => {
    const change = apply(current, input, rules, nowMs);
    current = change.state;
    for (const write of change.writes) {
      if (write.type === 'turn') closed.set(write.record.turnId, write.record);
      writes.push(write);
    }
    effects.push(...change.effects);
    return change.answer;
  };
  for (const of of batch) {
    try {
      const input = inTheLedger(of.input, ledger);
      if (input === undefined) {
        answers.push({ of, answer: { type: 'none' } });
        continue;
      }
      answers.push({ of, answer: take(input) });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusals.push({ of, error });
    }
  }
  const next = following?.(current, effects);
  if (next !== undefined) take(next);
  const snapshot = takeSnapshot(state, current, writes, rules, nowMs);
  if (snapshot !== undefined) writes.push({ type: 'snapshot', snapshot });
  return { state: sealed(state, current, writes), writes, effects, answers, refusals };
};

/** The ledger's record of a turn, if it has one. */
type Ledger = (turnId: TurnId) => ClosedTurn | undefined;

/**
 * What is committed has the next version. The head that `apply` made is nobody else's yet, so it is
 * given its version in place: copying it once more for that costs as much as all of `apply`.
 */
const sealed = (
  before: SessionState,
  after: SessionState,
  writes: readonly Write[],
): SessionState => {
  const version = before.head.version + 1;
  if (after.head === before.head)
    return writes.length === 0 ? after : { ...after, head: { ...after.head, version } };
  Object.assign(after.head, { version });
  return after;
};

/** What the input is with the ledger's record of its turn; undefined: that says it all. */
const inTheLedger = (input: Input, ledger: Ledger): Input | undefined => {
  const { newTurn } = kindOf(input);
  const record = newTurn && ledger(newTurn.id(input));
  return newTurn === undefined || record === undefined ? input : newTurn.known(input, record);
};

/** A refusal carries a code; anything else is a bug and crashes the actor. */
const isRefusal = (error: unknown): boolean =>
  typeof (error as { code?: unknown } | null)?.code === 'string';

/** What to commit; undefined if the batch changed nothing. `fence`: as it was when the state before was read. */
export const toChange = (
  before: SessionState,
  { state, writes }: Folded<unknown>,
  fence: Fence,
): SessionChange | undefined => {
  if (state.head === before.head) return undefined;
  const { key, version: expectedVersion, segments } = before.head;
  const all = sorted(writes);
  const { audit, appends, streams, turns, newTurnIds, responses } = all;
  const dues = duesBetween(before, all.deleted === undefined ? state : undefined);
  if (all.deleted !== undefined) {
    const { tombstoneUntilMs } = all.deleted;
    const shared = segments === undefined ? {} : { segments };
    return {
      kind: 'delete',
      key,
      fence,
      expectedVersion,
      audit,
      dues,
      tombstoneUntilMs,
      tallies: all.tallies,
      ...shared,
    };
  }
  // Field by field: with spread fields it takes twenty times as long, and every commit makes one.
  const change: Mutable<SessionWrite> = {
    kind: 'write',
    key,
    fence,
    expectedVersion,
    audit,
    dues,
    head: state.head,
    appends,
    streams,
    turns,
    newTurnIds,
    responses,
  };
  if (all.tallies !== undefined) change.tallies = all.tallies;
  if (all.claims !== undefined) change.claims = all.claims;
  if (all.drops !== undefined) change.drops = all.drops;
  if (all.prompts !== undefined) change.prompts = all.prompts;
  if (all.fork !== undefined) change.fork = all.fork;
  if (all.snapshot !== undefined) change.snapshot = all.snapshot;
  return change;
};

/** @param after undefined: the session is deleted, and nothing is due for it. */
const duesBetween = (
  before: SessionState,
  after: SessionState | undefined,
): SessionChange['dues'] => {
  const was = duesOf(before.head);
  const is = after === undefined ? [] : duesOf(after.head);
  if (was.length === 0 && is.length === 0) return undefined;
  const without = (dues: readonly Due[], others: readonly Due[]) =>
    dues.filter(({ kind, atMs }) => !others.some((due) => due.kind === kind && due.atMs === atMs));
  return { added: without(is, was), removed: without(was, is) };
};

/** The writes by what becomes of them. */
interface Sorted {
  audit: AuditRecord[];
  appends: { subpath: string; entries: Entry[] }[];
  streams: StreamRecord[];
  turns: ClosedTurn[];
  newTurnIds: TurnId[];
  responses: StoredResponse[];
  claims?: ResponseClaim[];
  drops?: StreamDrop[];
  prompts?: PromptWrite[];
  tallies?: TallyChange[];
  fork?: ForkOrigin;
  snapshot?: Snapshot;
  deleted?: Extract<Write, { type: 'delete' }>;
}

const sorted = (writes: readonly Write[]): Sorted => {
  const all: Sorted = {
    audit: [],
    appends: [],
    streams: [],
    turns: [],
    newTurnIds: [],
    responses: [],
  };
  for (const write of writes) sort(all, write);
  return all;
};

const sort = (all: Sorted, write: Write): void => {
  switch (write.type) {
    case 'entry':
      return void entriesOf(all, write.subpath).push(write.entry);
    case 'turn':
      return void all.turns.push(write.record);
    case 'newTurn':
      return void all.newTurnIds.push(write.turnId);
    case 'stream':
      return void all.streams.push(write.record);
    case 'response':
      return void all.responses.push(write.response);
    case 'claim':
      all.claims ??= [];
      return void all.claims.push(write.claim);
    case 'audit':
    case 'pastAudit':
      return void all.audit.push(write.record);
    case 'drop':
      all.drops ??= [];
      return void all.drops.push(write.drop);
    case 'prompt':
      all.prompts ??= [];
      return void all.prompts.push(write);
    case 'tally':
      all.tallies = together(all.tallies ?? [], write.change);
      return;
    case 'fork':
      all.fork = write.origin;
      return;
    case 'snapshot':
      all.snapshot = write.snapshot;
      return;
    case 'delete':
      all.deleted = write;
  }
};

/** Each name once. */
const together = (changes: readonly TallyChange[], more: TallyChange): TallyChange[] => {
  const same = changes.find(({ name }) => name === more.name);
  if (same === undefined) return [...changes, more];
  const sum = { ...same, ...more, ...addedTo(addedTo(NO_TALLY, same), more) };
  return changes.map((change) => (change === same ? sum : change));
};

const entriesOf = ({ appends }: Sorted, subpath: string): Entry[] => {
  const found = appends.find((append) => append.subpath === subpath);
  if (found !== undefined) return found.entries;
  const entries: Entry[] = [];
  appends.push({ subpath, entries });
  return entries;
};
