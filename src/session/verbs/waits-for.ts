/** What a session is at, or what keeps it from moving: in a word, and in a sentence. */
import { z } from 'zod';
import { given } from '../../model/given.ts';
import type { Head } from '../../model/head.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import type { OpenCall, OpenTurn } from '../../model/turn.ts';
import type { System } from '../../otp/system.ts';
import { executorName } from '../ports/executor.ts';

const WAITS_FOR = [
  ...(['nothing', 'model', 'place', 'tools', 'hooks', 'approval', 'retry', 'budget'] as const),
  ...(['time', 'rate'] as const),
] as const;
export const WaitsFor = z.enum(WAITS_FOR);
export type WaitsFor = z.output<typeof WaitsFor>;

/** Of a session that waits: what for. */
export const WaitView = z.strictObject({
  what: WaitsFor,
  /** In a sentence. */
  why: z.string(),
  /** The turn that waits. */
  turnId: z.string().exactOptional(),
  /** When that is over by itself: the next call is made, the turn begins, the time to answer ends. */
  until: z.iso.datetime().exactOptional(),
});
type WaitView = z.output<typeof WaitView>;

export const WHY: Readonly<Record<WaitsFor, string>> = {
  nothing: 'no turn is open',
  model: 'a model call is under way',
  place: 'other turns of its owner, or of all, have to end first',
  tools: 'tools run',
  hooks: 'hooks are asked',
  approval: 'tool calls wait for the answer of a person',
  retry: 'a model call failed, and the next one is due later',
  time: 'a turn begins later, at its time',
  rate: 'the API has refused a call for its rate, or has little of it left: this one goes when it is its turn',
  budget: 'it waits for money: a budget is used up, or all of it is reserved by calls under way',
};

/** What its head does not say: its turn waits for a place among others, or its model call for the API's rate. */
export interface Held {
  readonly isPlaceless: boolean;
  readonly isPaced: boolean;
}

/** Of a session in this process. */
export const heldOf = (
  key: SessionKey,
  system: Pick<System, 'find'>,
  places: { readonly waiting: ReadonlySet<string> },
): Held => ({
  isPlaceless: places.waiting.has(keyString(key)),
  isPaced: system.find(executorName)?.isHeld(key) === true,
});

export const waitsForOf = (
  { openTurns: [turn], delayed }: Head,
  { isPlaceless, isPaced }: Held,
): WaitsFor => {
  if (isPlaceless) return 'place';
  if (turn === undefined) return delayed === undefined ? 'nothing' : 'time';
  if (turn.phase?.kind === 'tools')
    return turn.status === 'waiting' || turn.phase.calls.some(isAsking) ? 'approval' : 'tools';
  if (turn.phase?.kind === 'hooks') return 'hooks';
  if (turn.phase?.kind === 'reserve' || turn.phase?.kind === 'budget') return 'budget';
  if (turn.phase?.kind === 'waiting') return 'retry';
  return isPaced ? 'rate' : 'model';
};

/** A call that runs and asks a person something. */
export const isAsking = (call: OpenCall): boolean =>
  call.state === 'started' && call.question !== undefined;

/** Undefined: it is at rest, or at work. */
export const waitOf = (head: Head, held: Held): WaitView | undefined => {
  const what = waitsForOf(head, held);
  if (what === 'nothing' || what === 'model' || what === 'tools' || what === 'hooks')
    return undefined;
  const [turn] = head.openTurns;
  const next = nextDelayed(head);
  const untilMs = what === 'time' ? next?.dueMs : untilOf(turn);
  return given<WaitView>({
    ...{ what, why: whyOf(what, turn) },
    turnId: what === 'time' ? next?.turnId : turn?.turnId,
    until: untilMs === undefined ? undefined : iso(untilMs),
  });
};

/** With what the API has said, or that it says nothing. */
const whyOf = (what: WaitsFor, turn: OpenTurn | undefined): string =>
  what === 'retry' && turn?.phase?.kind === 'waiting'
    ? `${turn.phase.error.message}: the next model call is due later`
    : WHY[what];

const untilOf = (turn: OpenTurn | undefined): number | undefined => {
  const { phase } = turn ?? {};
  if (phase?.kind === 'waiting') return phase.dueMs;
  return phase?.kind === 'budget' ? (phase.dueMs ?? phase.endsMs) : undefined;
};

const nextDelayed = ({ delayed = [] }: Head) =>
  delayed.reduce<(typeof delayed)[number] | undefined>(
    (first, each) => (first === undefined || each.dueMs < first.dueMs ? each : first),
    undefined,
  );
