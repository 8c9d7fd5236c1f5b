/**
 * The table of the machine's inputs: everything that is true of a type of input stands in one value. `apply` reads
 * here what it may do and what it does, `fold` what the ledger makes of it, and the commit loop what may share its commit.
 */

import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import { retagged } from '../../tags/retag.ts';
import { addTags } from '../../tags/tags.ts';
import { approveCall } from './apply-approvals.ts';
import { noteArchive } from './apply-archive.ts';
import { chooseBranch } from './apply-branches.ts';
import { applyClassic } from './apply-classic.ts';
import { deliverTurns } from './apply-delayed.ts';
import { complete, reopen, terminate } from './apply-ends.ts';
import { endHooks, noteTold } from './apply-hooks.ts';
import { addImported, dropSide, giveUp, settleOffers } from './apply-import.ts';
import { endReserve, lookAtBudget } from './apply-money.ts';
import { questionCall } from './apply-questions.ts';
import { restore } from './apply-restore.ts';
import { clearResults, finishSummary } from './apply-room.ts';
import {
  append,
  changeSettings,
  changeTags,
  changeTagsQuietly,
  create,
  hold,
  park,
  release,
  remove,
  untag,
} from './apply-session.ts';
import { finishStep } from './apply-step-outcome.ts';
import { decideCalls, endCall, gatherResults } from './apply-tools.ts';
import {
  acceptTurn,
  cancelTurn,
  isKnown,
  loseRun,
  rejectTurn,
  resumeTurn,
  wakeTurn,
} from './apply-turn.ts';
import { compact, fork } from './apply-views.ts';
import { addsMessages, makesSession } from './classic-change.ts';
import type { Draft } from './draft.ts';
import type { Input, InputOf } from './input.ts';
import type { Rules } from './rules.ts';

export interface InputKind<I> {
  /** It may make the session; else it is refused with `session_not_found` where there is none. */
  readonly makes: (input: I) => boolean;
  /** It is taken while the session is being imported. */
  readonly whileImporting: boolean;
  /** It adds to the conversation: an ended session refuses it until it is reopened. */
  readonly adds: (input: I, head: Head) => boolean;
  /** It cannot join a commit that others began. */
  readonly begins: (input: I) => boolean;
  /** Nothing joins its commit behind it. */
  readonly ends: (input: I) => boolean;
  /** About what it brings along: its bodies. */
  readonly bytes: (input: I) => number;
  /** Of a turn whose id must be new. */
  readonly newTurn?: {
    readonly id: (input: I) => TurnId;
    /** What the input is where the ledger has the turn already; undefined: it is done. */
    readonly known: (input: I, record: ClosedTurn) => I | undefined;
  };
  readonly apply: (draft: Draft, input: I, rules: Rules) => void;
}

const always = (): boolean => true;
const never = (): boolean => false;

/** Who names a version means a committed one. */
const namesVersion = ({ expectedVersion }: { readonly expectedVersion?: number | undefined }) =>
  expectedVersion !== undefined;

/** What most inputs have in common: they change a session that is there, and share their commit. */
const USUAL = {
  makes: never,
  whileImporting: false,
  adds: never,
  begins: never,
  ends: never,
  bytes: () => 0,
} as const;

/** It was computed from what is stored, so it has a commit of its own. */
const ALONE = { ...USUAL, begins: always, ends: always } as const;

const sizeOf = (bodies: readonly { readonly body: Uint8Array }[]): number =>
  bodies.reduce((sum, { body }) => sum + body.byteLength, 0);

const INPUTS: { readonly [T in Input['type']]: InputKind<InputOf<T>> } = {
  create: {
    ...USUAL,
    makes: always,
    apply: (draft, { settings }, rules) => create(draft, settings, rules),
  },
  turn: {
    ...USUAL,
    makes: always,
    adds: ({ turn, known }, head) => !isKnown(head, turn, known),
    bytes: ({ turn }) => turn.body.byteLength,
    newTurn: {
      id: ({ turn }) => turn.turnId,
      known: (input, known) => ({ ...input, known }),
    },
    apply: (draft, { turn, known }, rules) => acceptTurn(draft, turn, known, rules),
  },
  reject: {
    ...USUAL,
    newTurn: { id: ({ turnId }) => turnId, known: () => undefined },
    apply: rejectTurn,
  },
  settings: {
    ...USUAL,
    begins: namesVersion,
    apply: (draft, { settings }) => changeSettings(draft, settings),
  },
  tag: {
    ...USUAL,
    apply: (draft, { tags }) => changeTags(draft, addTags(draft.head.tags, tags)),
  },
  untag: { ...USUAL, apply: untag },
  hold: { ...USUAL, apply: hold },
  release: { ...USUAL, apply: release },
  complete: { ...USUAL, apply: complete },
  terminate: { ...USUAL, apply: terminate },
  reopen: { ...USUAL, apply: reopen },
  archive: {
    ...USUAL,
    begins: ({ ifVersion }) => ifVersion !== undefined,
    apply: noteArchive,
  },
  retag: {
    ...USUAL,
    apply: (draft, { retag }) => changeTagsQuietly(draft, retagged(draft.head.tags, retag)),
  },
  append: {
    ...USUAL,
    makes: always,
    adds: always,
    begins: namesVersion,
    bytes: ({ messages }) => sizeOf(messages),
    apply: (draft, { messages }, rules) => append(draft, messages, rules),
  },
  classic: {
    ...USUAL,
    makes: ({ change }) => makesSession(change),
    adds: ({ change }) => addsMessages(change),
    begins: (input) => input.change.kind === 'fork' || namesVersion(input),
    ends: ({ change }) => change.kind === 'fork',
    bytes: ({ bytes }) => bytes,
    apply: (draft, { change }) => applyClassic(draft, change),
  },
  import: {
    ...ALONE,
    makes: always,
    bytes: ({ delta }) => sizeOf(delta.lines),
    apply: (draft, { delta }) => addImported(draft, delta),
  },
  yield: { ...ALONE, apply: (draft, { yielded }) => giveUp(draft, yielded) },
  settle: { ...ALONE, apply: (draft, { settled }) => settleOffers(draft, settled) },
  drop: { ...ALONE, apply: (draft, { drop }) => dropSide(draft, drop) },
  fork: {
    ...ALONE, // it is refused with all that shares its commit
    makes: always,
    apply: (draft, input) => fork(draft, input.fork),
  },
  compact: { ...USUAL, apply: (draft, { compaction }) => compact(draft, compaction) },
  chooseBranch: { ...USUAL, apply: chooseBranch },
  restore: {
    ...ALONE,
    makes: always,
    whileImporting: true,
    apply: (draft, { restored }) => restore(draft, restored),
  },
  cancel: { ...USUAL, apply: cancelTurn },
  step: { ...USUAL, apply: finishStep },
  cleared: { ...USUAL, apply: clearResults },
  summed: { ...USUAL, apply: finishSummary },
  reserved: { ...USUAL, apply: endReserve },
  budgetChanged: { ...USUAL, apply: (draft, { key }) => lookAtBudget(draft, key) },
  hooked: { ...USUAL, apply: endHooks },
  told: { ...USUAL, apply: noteTold },
  questioned: { ...USUAL, apply: questionCall },
  decided: { ...USUAL, apply: decideCalls },
  toolEnded: { ...USUAL, apply: endCall },
  gathered: { ...USUAL, apply: gatherResults },
  approve: { ...USUAL, apply: approveCall },
  lost: { ...USUAL, whileImporting: true, apply: loseRun },
  deliver: {
    ...ALONE,
    bytes: ({ prompts }) =>
      [...prompts.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    apply: deliverTurns,
  },
  due: { ...USUAL, whileImporting: true, apply: wakeTurn },
  resume: { ...USUAL, whileImporting: true, apply: resumeTurn },
  park: {
    ...USUAL,
    whileImporting: true,
    ends: always,
    apply: (draft, { error }) => park(draft, error),
  },
  delete: {
    ...USUAL,
    makes: ({ mayBeGone }) => mayBeGone === true,
    whileImporting: true,
    begins: (input) => input.ifVersion !== undefined || namesVersion(input),
    ends: always,
    apply: remove,
  },
};

/** All that is true of the input's type. */
export const kindOf = <I extends Input>(input: I): InputKind<I> =>
  INPUTS[input.type] as unknown as InputKind<I>;
