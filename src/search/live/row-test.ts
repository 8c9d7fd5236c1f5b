/**
 * Whether one row meets a condition: what a search asks of its table, asked of a row by itself. A search and this agree
 * on every row; a property test holds them together.
 *
 * A condition becomes functions once, so that a row costs no more than the criteria that are there.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Bound } from '../../model/contradictions.ts';
import type { Condition } from '../../model/criteria.ts';
import { nanoUsdOf } from '../../model/money.ts';
import { directoryRoots, directorySpellings } from '../../model/same-directory.ts';
import { beginsSo, tagKey, tagStarts } from '../../model/tag-key.ts';
import { ONE_TEXT } from '../../model/words.ts';

export type RowTest = (row: CatalogRow) => boolean;

/** Of a condition without `text`: what was said is in no row. */
export const rowTest = (condition: Condition): RowTest => {
  const tests = [
    ...plainTests(condition),
    ...prefixTests(condition),
    ...tagTests(condition),
    ...toolTests(condition),
    ...rangeTests(condition),
    ...(condition.allOf ?? []).map(rowTest),
    ...anyOfTests(condition),
    ...(condition.noneOf ?? []).map(rowTest).map(not),
  ];
  return every(tests);
};

/** How many criteria that is, with all that stand in each other. */
export const sizeOf = ({ allOf = [], anyOf = [], noneOf = [] }: Condition): number =>
  [...allOf, ...anyOf, ...noneOf].reduce((sum, one) => sum + sizeOf(one), 1);

/** One function for all, so that nothing is looped over where there is but one. */
const every = (tests: readonly RowTest[]): RowTest => {
  const [first, second, ...others] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  const rest = every([second, ...others]);
  return (row) => first(row) && rest(row);
};

const not =
  (test: RowTest): RowTest =>
  (row) =>
    !test(row);

const anyOfTests = ({ anyOf }: Condition): RowTest[] => {
  if (anyOf === undefined) return [];
  const ways = anyOf.map(rowTest);
  return [(row) => ways.some((way) => way(row))];
};

const plainTests = (condition: Condition): RowTest[] => {
  const { status, workingDirectory, hasErrors, hasArchive, hasApproval } = condition;
  const tests: RowTest[] = ONE_TEXT.flatMap((field) => {
    const wanted = condition[field];
    return wanted === undefined ? [] : [(row: CatalogRow) => row[field] === wanted];
  });
  if (status !== undefined) {
    const statuses: ReadonlySet<string> = new Set([status].flat());
    tests.push((row) => statuses.has(row.status));
  }
  if (workingDirectory !== undefined) {
    const spelt: ReadonlySet<string | undefined> = new Set(directorySpellings(workingDirectory));
    tests.push((row) => spelt.has(row.workingDirectory));
  }
  if (hasArchive !== undefined) tests.push((row) => (row.hasArchive === true) === hasArchive);
  if (hasApproval !== undefined) tests.push((row) => (row.hasApproval === true) === hasApproval);
  if (hasErrors !== undefined) tests.push((row) => row.errorCount > 0 === hasErrors);
  return tests;
};

const prefixTests = ({ modelPrefix, underDirectory, idPrefix }: Condition): RowTest[] => {
  const tests: RowTest[] = [];
  if (modelPrefix !== undefined) {
    const long = `claude-${modelPrefix}`;
    tests.push(({ model }) => model?.startsWith(modelPrefix) === true || !!model?.startsWith(long));
  }
  if (underDirectory !== undefined) tests.push(underTest(underDirectory));
  if (idPrefix !== undefined) tests.push(({ key }) => key.sessionId.startsWith(idPrefix));
  return tests;
};

/** The directory itself, and what lies below it on either kind of machine. */
const underTest = (underDirectory: string): RowTest => {
  const roots = directoryRoots(underDirectory);
  const starts = roots.flatMap((root) => [`${root}/`, `${root}\\`]);
  return ({ workingDirectory: own }) =>
    own !== undefined &&
    ((own !== '' && roots.includes(own)) ||
      own === underDirectory ||
      starts.some((start) => own.startsWith(start)));
};

/** As tags are compared; sessions store them trimmed and in NFC, and who asks may be less tidy. */
export const askedTag = (tag: string): string => tagKey(tidy(tag));

const tidy = (tag: string): string => tag.trim().normalize('NFC');

const tagTests = ({ tags, allTags, noTags, tagPrefix }: Condition): RowTest[] => {
  const tests = (allTags ?? []).map((tag) => hasAnyTag([tag]));
  if (tags !== undefined && tags.length > 0) tests.push(hasAnyTag(tags));
  if (noTags !== undefined && noTags.length > 0) tests.push(not(hasAnyTag(noTags)));
  if (tagPrefix !== undefined) {
    const starts = tagStarts(tidy(tagPrefix));
    tests.push((row) => row.tags.some((tag) => beginsSo(tagKey(tag), starts)));
  }
  return tests;
};

const hasAnyTag = (tags: readonly string[]): RowTest => {
  const wanted = new Set(tags.map(askedTag));
  return (row) => row.tags.some((tag) => wanted.has(tagKey(tag)));
};

/** Names of tools are compared as tags are. */
const toolTests = ({ tool, toolPrefix }: Condition): RowTest[] => {
  const tests: RowTest[] = [];
  const usesAny = (isWanted: (name: string) => boolean): RowTest => {
    return ({ toolsUsed }) => toolsUsed?.some((name) => isWanted(tagKey(name))) === true;
  };
  if (tool !== undefined) {
    const wanted = tagKey(tool);
    tests.push(usesAny((name) => name === wanted));
  }
  if (toolPrefix !== undefined) {
    const starts = tagStarts(toolPrefix);
    tests.push(usesAny((name) => beginsSo(name, starts)));
  }
  return tests;
};

/** What a range is of, with its lowest and its highest bounds. Those that few sessions meet stand first. */
const RANGES = [
  [(row) => row.costNanoUsd, ['minCostUsd', 'minCost'], ['maxCostUsd', 'maxCost']],
  [(row) => row.tokens, ['minTokens'], ['maxTokens']],
  [(row) => row.numTurns, ['minTurns'], ['maxTurns']],
  [(row) => row.createdAtMs, ['createdAfter', 'after'], ['createdBefore', 'before']],
  [(row) => row.updatedAtMs, ['updatedAfter'], ['updatedBefore']],
] as const satisfies readonly (readonly [
  valueIn: ValueIn,
  least: readonly Bound[],
  most: readonly Bound[],
])[];

export type ValueIn = (row: CatalogRow) => number;

/** Both ends belong to it. */
export interface AskedRange {
  /** The same function for all ranges of the same thing. */
  readonly valueIn: ValueIn;
  readonly min: number;
  readonly max: number;
}

/** All bounds that are given must hold. */
export const rangesAsked = (condition: Condition): readonly AskedRange[] =>
  RANGES.flatMap(([valueIn, lowest, highest]) => {
    const min = Math.max(-Infinity, ...boundsOf(condition, lowest));
    const max = Math.min(Infinity, ...boundsOf(condition, highest));
    return min === -Infinity && max === Infinity ? [] : [{ valueIn, min, max }];
  });

const rangeTests = (condition: Condition): RowTest[] =>
  rangesAsked(condition).map(({ valueIn, min, max }) => (row) => {
    const value = valueIn(row);
    return value >= min && value <= max;
  });

const boundsOf = (condition: Condition, names: readonly Bound[]): readonly number[] =>
  names.flatMap((name) => {
    const bound = condition[name];
    if (bound === undefined) return [];
    return [name.endsWith('Usd') || name.endsWith('Cost') ? nanoUsdOf(bound) : bound];
  });
