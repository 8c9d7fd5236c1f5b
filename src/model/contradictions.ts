/**
 * Criteria that nothing can meet together: a range that ends before it begins, a tag that is asked for and forbidden, two
 * values of what has one. They are a mistake of whoever asks, and not an empty answer.
 *
 * Looked at is what must hold: the criteria, those of `allOf`, and what `noTags` and `noneOf` forbid by itself. What
 * stands deeper is looked at where it stands. So what is named here can never be met; not all that can never be met is named.
 */
import type { z } from 'zod';
import { beginsSo, tagKey, tagStarts } from './tag-key.ts';
import { ONE_TEXT } from './words.ts';

/** Lower bounds with the upper ones of the same thing. */
const RANGES = [
  [
    ['createdAfter', 'after'],
    ['createdBefore', 'before'],
  ],
  [['updatedAfter'], ['updatedBefore']],
  [
    ['minCostUsd', 'minCost'],
    ['maxCostUsd', 'maxCost'],
  ],
  [['minTurns'], ['maxTurns']],
  [['minTokens'], ['maxTokens']],
] as const;

/** A criterion that bounds a range. */
export type Bound = (typeof RANGES)[number][number][number];

/** Of these a session has one value or none. */
const ONE_VALUED: ReadonlySet<string> = new Set([
  ...ONE_TEXT,
  ...['hasErrors', 'hasArchive', 'hasApproval'],
]);

/** What of criteria is looked at here. */
interface Asked extends Readonly<Partial<Record<Bound, number | undefined>>> {
  readonly allOf?: readonly Asked[] | undefined;
  readonly anyOf?: readonly Asked[] | undefined;
  readonly noneOf?: readonly Asked[] | undefined;
  readonly noTags?: readonly string[] | undefined;
}

/** One criterion. */
interface Atom {
  readonly field: string;
  readonly value: unknown;
}

export interface Contradiction {
  /** The criterion, and what is wrong with it. */
  readonly field: string;
  readonly why: string;
}

export const contradictions = (criteria: Asked): readonly Contradiction[] => {
  const all = conjuncts(criteria);
  const wanted = all.flatMap(atomsOf);
  const refused = all.flatMap((one) => [
    ...(one.noTags === undefined ? [] : [{ field: 'tags', value: one.noTags }]),
    ...(one.noneOf ?? []).flatMap(refusedBy),
  ]);
  if (wanted.length + refused.length < 2) return []; // one alone contradicts nothing
  return [
    ...ofRanges(wanted),
    ...ofValues(wanted),
    ...ofStatus(wanted, refused),
    ...wanted.flatMap((atom) => ofRefused(atom, refused)),
  ];
};

/** For `superRefine`. */
export const mustNotContradict = (criteria: Asked, context: z.core.$RefinementCtx): void => {
  for (const { field, why } of contradictions(criteria))
    context.addIssue({ code: 'custom', path: [field], message: why });
};

const conjuncts = (criteria: Asked): readonly Asked[] => [
  criteria,
  ...(criteria.allOf ?? []).flatMap(conjuncts),
];

const atomsOf = ({ allOf: _a, anyOf: _b, noneOf: _c, noTags: _d, ...plain }: Asked): Atom[] =>
  Object.entries(plain).flatMap(([field, value]) => (isAsked(value) ? [{ field, value }] : []));

const isAsked = (value: unknown): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

/** What must not be, if this must not: each of several alternatives, and nothing that only counts together with something else. */
const refusedBy = (criteria: Asked): readonly Atom[] => {
  const { allOf = [], anyOf = [], noneOf = [], noTags = [] } = criteria;
  const atoms = atomsOf(criteria);
  const nested = allOf.length + noneOf.length + noTags.length;
  if (nested + anyOf.length === 0 && atoms.length === 1) return atoms;
  return nested + atoms.length === 0 ? anyOf.flatMap(refusedBy) : [];
};

const BOUNDS: ReadonlySet<string> = new Set(RANGES.flat(2));

const ofRanges = (all: readonly Atom[]): Contradiction[] => {
  const wanted = all.filter(({ field }) => BOUNDS.has(field));
  if (wanted.length < 2) return [];
  const of = (bound: Bound) =>
    wanted.flatMap(({ field, value }) => (field === bound ? [Number(value)] : []));
  return RANGES.flatMap(([lowest, highest]) =>
    lowest.flatMap((from) =>
      highest.flatMap((to) =>
        Math.max(-Infinity, ...of(from)) > Math.min(Infinity, ...of(to))
          ? [{ field: from, why: `is beyond ${to}` }]
          : [],
      ),
    ),
  );
};

/** Each field once, however many values are asked for. */
const ofValues = (wanted: readonly Atom[]): Contradiction[] =>
  wanted.flatMap(({ field, value }, at) => {
    if (!ONE_VALUED.has(field) || wanted.findIndex((one) => one.field === field) < at) return [];
    const other = wanted.find((one) => one.field === field && one.value !== value);
    return other === undefined
      ? []
      : [{ field, why: `cannot be both ${String(value)} and ${String(other.value)}` }];
  });

const ofStatus = (wanted: readonly Atom[], refused: readonly Atom[]): Contradiction[] => {
  const listsOf = (atoms: readonly Atom[]) =>
    atoms.flatMap(({ field, value }) => (field === 'status' ? [textsOf(value)] : []));
  const [first, ...others] = listsOf(wanted);
  const forbidden = listsOf(refused).flat();
  const isLeft = (status: string): boolean =>
    others.every((list) => list.includes(status)) && !forbidden.includes(status);
  if (first === undefined || first.some(isLeft)) return [];
  return [{ field: 'status', why: 'leaves none, together with what else is asked of it' }];
};

/** Of a criterion that must hold, and of what must not. */
const ofRefused = (atom: Atom, refused: readonly Atom[]): Contradiction[] =>
  isForbidden(atom, refused)
    ? [{ field: atom.field, why: 'asks for what is forbidden beside it' }]
    : [];

const isForbidden = ({ field, value }: Atom, refused: readonly Atom[]): boolean => {
  const kind = field === 'tool' || field === 'toolPrefix' ? 'tool' : 'tag';
  const isRefused = (text: string): boolean =>
    refused.some((other) => isNamedBy(other, text, kind));
  switch (field) {
    case 'status':
      return false; // `ofStatus` looks at it
    case 'allTags':
      return textsOf(value).some(isRefused);
    case 'tags':
    case 'tool':
      return textsOf(value).every(isRefused);
    case 'tagPrefix':
    case 'toolPrefix':
      return refused.some((other) => other.field === field && startsWith(value, other.value, kind));
    default:
      return refused.some((other) => other.field === field && other.value === value);
  }
};

type Kind = 'tag' | 'tool';

/** Whether who has this tag, or used this tool, meets the criterion. */
const isNamedBy = ({ field, value }: Atom, text: string, kind: Kind): boolean => {
  if (field === `${kind}Prefix`) return startsWith(text, value, kind);
  const isText = (name: string): boolean => keyOf(name, kind) === keyOf(text, kind);
  if (kind === 'tool') return field === 'tool' && textsOf(value).some(isText);
  if (field === 'allTags') return textsOf(value).every(isText);
  return field === 'tags' && textsOf(value).some(isText);
};

const textsOf = (value: unknown): readonly string[] => [value].flat().map(String);

/** As the catalog compares them. */
const keyOf = (text: string, kind: Kind): string => tagKey(tidy(text, kind));

const tidy = (text: string, kind: Kind): string =>
  kind === 'tag' ? text.trim().normalize('NFC') : text;

const startsWith = (text: unknown, start: unknown, kind: Kind): boolean =>
  beginsSo(keyOf(String(text), kind), tagStarts(tidy(String(start), kind)));
