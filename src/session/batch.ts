/**
 * Folds the inputs that share a commit into one change: pure, so that what a crowd of requests does
 * to a session can be tested without any of them waiting.
 */
import { apply } from './apply.ts';
import type { TurnId } from './ids.ts';
import type { SessionChange, SessionWrite } from './journal.ts';
import type { Answer, Effect, Input, Rules, SessionState, Write } from './machine.ts';
import type { ClosedTurn } from './turn.ts';

export interface Folded<T> {
  readonly state: SessionState;
  readonly writes: readonly Write[];
  readonly effects: readonly Effect[];
  readonly answers: readonly { readonly of: T; readonly answer: Answer }[];
  readonly refusals: readonly { readonly of: T; readonly error: unknown }[];
}

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
): Folded<T> => {
  const writes: Write[] = [];
  const effects: Effect[] = [];
  const answers: { of: T; answer: Answer }[] = [];
  const refusals: { of: T; error: unknown }[] = [];
  let ledger = known;
  let current = state;
  for (const of of batch) {
    try {
      if (isRecordedRejection(of.input, ledger)) {
        answers.push({ of, answer: { type: 'none' } });
        continue;
      }
      const change = apply(current, withKnown(of.input, ledger), rules, nowMs);
      current = change.state;
      for (const write of change.writes)
        if (write.type === 'turn') ledger = new Map(ledger).set(write.record.turnId, write.record);
      writes.push(...change.writes);
      effects.push(...change.effects);
      answers.push({ of, answer: change.answer });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusals.push({ of, error });
    }
  }
  return { state: current, writes, effects, answers, refusals };
};

const withKnown = (input: Input, known: ReadonlyMap<TurnId, ClosedTurn>): Input =>
  input.type === 'turn' ? { ...input, known: known.get(input.turn.turnId) } : input;

/** The ledger has the turn already: a rejection of it is old news. */
const isRecordedRejection = (input: Input, known: ReadonlyMap<TurnId, ClosedTurn>): boolean =>
  input.type === 'reject' && known.has(input.turnId);

/** A refusal carries a code; anything else is a bug and crashes the actor. */
const isRefusal = (error: unknown): boolean =>
  typeof (error as { code?: unknown } | null)?.code === 'string';

/** What to commit; undefined if the batch changed nothing. */
export const toChange = (
  before: SessionState,
  folded: Folded<unknown>,
): SessionChange | undefined => {
  const { writes } = folded;
  if (writes.length === 0 && folded.state.head === before.head) return undefined;
  const expectedVersion = before.head.version;
  const { key } = before.head;
  const audit = writes.flatMap((write) =>
    write.type === 'audit' || write.type === 'pastAudit' ? [write.record] : [],
  );
  const deleted = writes.find((write) => write.type === 'delete');
  if (deleted !== undefined)
    return {
      kind: 'delete',
      key,
      expectedVersion,
      audit,
      tombstoneUntilMs: deleted.tombstoneUntilMs,
      ...(before.head.segments === undefined ? {} : { segments: before.head.segments }),
    };
  const head = { ...folded.state.head, version: expectedVersion + 1 };
  const fork = writes.find((write) => write.type === 'fork');
  return {
    ...{ kind: 'write', key, expectedVersion, audit, head, ...records(writes) },
    ...(fork === undefined ? {} : { fork: fork.origin }),
  };
};

const records = (
  writes: readonly Write[],
): Pick<SessionWrite, 'appends' | 'streams' | 'turns' | 'newTurnIds' | 'responses' | 'drops'> => {
  const bySubpath = new Map<string, Extract<Write, { type: 'entry' }>['entry'][]>();
  for (const write of writes) {
    if (write.type !== 'entry') continue;
    const entries = bySubpath.get(write.subpath);
    if (entries === undefined) bySubpath.set(write.subpath, [write.entry]);
    else entries.push(write.entry);
  }
  const drops = writes.flatMap((write) => (write.type === 'drop' ? [write.drop] : []));
  return {
    ...(drops.length === 0 ? {} : { drops }),
    appends: [...bySubpath].map(([subpath, entries]) => ({ subpath, entries })),
    streams: writes.flatMap((write) => (write.type === 'stream' ? [write.record] : [])),
    turns: writes.flatMap((write) => (write.type === 'turn' ? [write.record] : [])),
    newTurnIds: writes.flatMap((write) => (write.type === 'newTurn' ? [write.turnId] : [])),
    responses: writes.flatMap((write) => (write.type === 'response' ? [write.response] : [])),
  };
};
