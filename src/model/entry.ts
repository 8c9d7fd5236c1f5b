/**
 * Entries: the transcript of a session, append-only, numbered from 1 without gaps (`seq`).
 *
 * 1. A message's `body` is the JSON of `{"role":…,"content":…}` byte for byte as the API takes and
 *    gives it; an imported line's `body` is the line. The daemon's main thread moves these bytes and
 *    does not parse them on the way to the model.
 * 2. A `view` entry changes what the model sees and never what is stored.
 */
import type { TurnId } from './ids.ts';
import type { Usage } from './usage.ts';

export type Role = 'user' | 'assistant';

export interface MessageEntry {
  readonly kind: 'message';
  readonly seq: number;
  /** Milliseconds since the epoch, as all our times. */
  readonly atMs: number;
  readonly role: Role;
  readonly body: Uint8Array;
  /** How many messages the session has with this one; absent where it does not count, and in old entries. */
  readonly position?: number | undefined;
  /** The API's message id for answers, else the caller's. */
  readonly id?: string | undefined;
  readonly turnId?: TurnId | undefined;
  /** The text of a step that ended early: shown on demand, never seen by the model. */
  readonly isPartial?: boolean | undefined;
  readonly model?: string | undefined;
  /** Who answered: real and rehearsed answers do not mix in one session. */
  readonly provider?: Provider | undefined;
  readonly stopReason?: string | null | undefined;
  readonly usage?: Usage | undefined;
  /** null: the model's price is unknown. */
  readonly costNanoUsd?: number | null | undefined;
  /** What classic programs gave with the message beside role, content, id and time. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** The typed message of a classic program that this one was made from. */
  readonly typed?: Readonly<Record<string, unknown>> | undefined;
}

export interface ImportedEntry {
  readonly kind: 'imported';
  readonly seq: number;
  readonly atMs: number;
  /** One line of a foreign transcript, verbatim, without its newline. */
  readonly body: Uint8Array;
}

export type View =
  | {
      readonly type: 'compaction';
      readonly throughSeq: number;
      readonly summary: string;
      /** First entry that the model still sees; absent: what comes after `throughSeq` in the order of turns. */
      readonly fromSeq?: number;
      /** `seq` of the compaction before this one. */
      readonly previousSeq?: number;
      /** Entries before `fromSeq` that the model still sees: prompts of turns that go on behind it. */
      readonly keptSeqs?: readonly number[];
      /** The API has made it: it stands in the message at `fromSeq`, and `summary` is empty. */
      readonly isServers?: true;
      /** The turn that it was made in, where it reaches into that turn: it goes with a rollback of it. */
      readonly turnId?: TurnId;
    }
  | {
      readonly type: 'rollback';
      readonly fromSeq: number;
      readonly throughSeq: number;
      readonly turnId: TurnId;
    }
  /** Results of tools in messages up to that one are out of view: a note stands for each. */
  | { readonly type: 'clearing'; readonly throughSeq: number }
  | { readonly type: 'repair'; readonly afterSeq: number; readonly toolUseIds: readonly string[] };

export interface ViewEntry {
  readonly kind: 'view';
  readonly seq: number;
  readonly atMs: number;
  readonly view: View;
}

export type Entry = MessageEntry | ImportedEntry | ViewEntry;

export type Provider = 'anthropic' | 'rehearsal';
