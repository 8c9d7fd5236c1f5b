/** What was found of a thing that is derived from the journal, the catalog's snapshot or the text index, compared with the journal. */

export interface DerivedFault {
  readonly tenant: string;
  readonly sessionId: string;
  readonly why: string;
}

export type DerivedPart =
  | { readonly is: 'none'; readonly why: string }
  /** The next start does not use it, and makes it again. */
  | { readonly is: 'useless'; readonly why: string }
  | {
      readonly is: 'read';
      readonly sessions: number;
      readonly wrong: number;
      /** The first `MAX_NAMED`. */
      readonly named: readonly DerivedFault[];
      /** Rows that were compared, where it has more than one of a session. */
      readonly rows?: number;
      /** Sessions that it has yet to take in. */
      readonly behind?: number;
    };

export interface DerivedReport {
  readonly snapshot: DerivedPart;
  readonly index: DerivedPart;
}

export const MAX_NAMED = 100;
