/** What a query in words means: terms, and how they are put together. Pure values; `print` writes them, `parse` reads them. */

/** A bound of a range as it is written: `0.5`, `2026-11-20`, `7d`. */
export interface Limit {
  readonly text: string;
  /** The bound itself is not part of the range. */
  readonly isOpen: boolean;
}

export type Value =
  | { readonly kind: 'text'; readonly text: string }
  /** `team/*`: what begins so. */
  | { readonly kind: 'prefix'; readonly text: string }
  /** At least one of the two is there. */
  | { readonly kind: 'range'; readonly from?: Limit; readonly to?: Limit };

export interface Term {
  readonly kind: 'term';
  /** The key's own name, whichever of its spellings was written. */
  readonly key: string;
  readonly value: Value;
  /** Where it stands in the text, from 1. */
  readonly column: number;
}

/** Words that stand behind each other in a message, a title or the like. */
export interface Text {
  readonly kind: 'text';
  readonly text: string;
  /** `conn*`: the last word may go on. */
  readonly isPrefix: boolean;
  readonly column: number;
}

export type Expression =
  | Term
  | Text
  | { readonly kind: 'not'; readonly of: Expression }
  /** Two or more, none of which is itself of this kind. */
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] };

export const SORT_KEYS = ['updated', 'created', 'cost', 'turns', 'relevance'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface Sort {
  readonly by: SortKey;
  readonly order: 'asc' | 'desc';
}

export interface Query {
  /** undefined: everything. */
  readonly where?: Expression;
  readonly sort?: Sort;
}

/** Most terms in one. */
export const MAX_TERMS = 100;
/** How deep parentheses may stand in each other. */
export const MAX_NESTING = 20;
