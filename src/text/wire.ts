/** What goes to the index's process and comes back: requests with a number, each answered once. */
import type { EntryKind, Scope } from './extract.ts';

export interface Place {
  readonly tenant: string;
  readonly sessionId: string;
}

/** Sessions as the catalog knows them. */
export interface Known {
  readonly tenant: string;
  readonly sessions: readonly {
    readonly sessionId: string;
    readonly version: number;
    readonly updatedAtMs: number;
  }[];
}

export interface Standing {
  /** Of each session; 0: it is not in the index. */
  readonly numbers: Uint32Array;
  /** Places in the list of those that are not as the index has them. */
  readonly behind: readonly number[];
}

/** How far the index has come with a session; all 0: it does not have it. */
export interface Progress {
  readonly number: number;
  readonly createdAtMs: number;
  readonly seq: number;
}

/** An entry's bytes within those that go along. */
export interface EntryBytes {
  readonly kind: EntryKind;
  readonly seq: number;
  readonly start: number;
  readonly end: number;
}

/** What is to be taken in of a session, or that it is gone. */
export type SessionText =
  | (Place & { readonly is: 'gone' })
  | (Place & {
      readonly is: 'text';
      readonly createdAtMs: number;
      readonly updatedAtMs: number;
      /** 0: there is more to come. */
      readonly version: number;
      /** First entry that is shown. */
      readonly firstSeq: number;
      /** Last entry that was looked at. */
      readonly seq: number;
      /** Title, description, summary. */
      readonly about: readonly string[];
      readonly entries: readonly EntryBytes[];
    });

export interface Cut {
  readonly snippet: string;
  /** Where the hits stand in it: from and to, in UTF-16 units. */
  readonly marks: readonly (readonly [from: number, to: number])[];
}

/** Something to cut a snippet from; a body stands within the bytes that go along. */
export type Source =
  | { readonly kind: EntryKind; readonly start: number; readonly end: number }
  | { readonly kind: 'about'; readonly texts: readonly string[] };

/** What the process can be asked. Texts are conditions, as `phrase.ts` reads them. */
export interface IndexCalls {
  known(known: Known): Standing;
  listed(after: number, limit: number): readonly (Place & { readonly number: number })[];
  progress(places: readonly Place[]): readonly Progress[];
  apply(texts: readonly SessionText[], bytes: Uint8Array): Uint32Array;
  flush(): void;
  /** False: there is more to overwrite. */
  erase(): boolean;
  find(texts: readonly string[]): readonly Uint32Array[];
  /** null: too many messages are met to rank them. */
  rank(texts: readonly string[]): Uint32Array | null;
  /** Of each session, named by its number, the `seq` of its best row, 0: what describes it; null: none is met. */
  best(numbers: readonly number[], texts: readonly string[]): readonly (number | null)[];
  cut(
    sources: readonly (Source | null)[],
    texts: readonly string[],
    bytes: Uint8Array,
  ): readonly (Cut | null)[];
  close(): void;
}

export type CallName = keyof IndexCalls;

export interface IndexArgs {
  readonly path: string;
  readonly storeId: string;
  readonly scope: Scope;
}

export type ToIndex = {
  readonly [K in CallName]: {
    readonly id: number;
    readonly call: K;
    readonly args: Parameters<IndexCalls[K]>;
  };
}[CallName];

export type FromIndex =
  /** `why`: the file was begun anew. `missing`: the library is not installed. */
  | { readonly type: 'ready'; readonly why: string | undefined }
  | { readonly type: 'missing'; readonly message: string }
  /** Its last word, before it ends. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown };
