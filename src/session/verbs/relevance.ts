/** A search in the order of relevance: few sessions, all of them read and put in order, a page of which is shown. */
import { z } from 'zod';
import type { CatalogRow } from '../../model/catalog-row.ts';
import { type Criteria, MAX_PAGE } from '../../model/criteria.ts';
import { GreenroomError } from '../../model/errors.ts';
import { soughtIn } from '../../model/texts.ts';
import { catalogName, type SearchPage } from '../ports/catalog.ts';
import type { TextLag } from '../ports/text-index.ts';
import { indexOf, type Texts, textsFor } from './text-answers.ts';
import type { SessionsWork } from './verb.ts';

export interface RankedPage {
  readonly rows: readonly CatalogRow[];
  readonly nextCursor?: string;
  readonly lag: TextLag;
}

/** undefined: too many messages are met. Throws `invalid_criteria` where no words are asked for. */
export const rankedFor = async (
  work: SessionsWork,
  criteria: Criteria,
  search: (criteria: Criteria, texts: Texts) => Promise<SearchPage>,
): Promise<RankedPage | undefined> => {
  const sought = soughtIn(criteria);
  const texts = await textsFor(work, criteria);
  if (texts === undefined || sought.length === 0) throw refusal('sort', 'relevance needs words');
  const from = placeIn(criteria.cursor);
  const numbers = from === undefined ? undefined : await indexOf(work).rank(sought);
  if (numbers === undefined) return undefined;
  const rows = inOrder(work, await allOf(criteria, sought, texts, search), numbers);
  const to = (from ?? 0) + criteria.limit;
  const page = rows.slice(from, to);
  const more = rows.length > to ? { nextCursor: cursorOf(to) } : {};
  return { rows: page, ...more, lag: texts.lag };
};

/** Every session that meets the criteria and one of the words: no more than there are messages that are ranked. */
const allOf = async (
  { cursor: _, limit: __, ...criteria }: Criteria,
  sought: readonly string[],
  texts: Texts,
  search: (criteria: Criteria, texts: Texts) => Promise<SearchPage>,
): Promise<readonly CatalogRow[]> => {
  const met = { anyOf: sought.map((text) => ({ text })) };
  const narrowed = { ...criteria, allOf: [...(criteria.allOf ?? []), met], limit: MAX_PAGE };
  const rows: CatalogRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await search({ ...narrowed, ...(cursor === undefined ? {} : { cursor }) }, texts);
    rows.push(...page.rows);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return rows;
};

const inOrder = (
  { caller }: SessionsWork,
  rows: readonly CatalogRow[],
  numbers: Uint32Array,
): readonly CatalogRow[] => {
  const catalog = caller.system.fetch(catalogName);
  const ranks = new Map(Array.from(numbers, (number, rank) => [number, rank]));
  const rankOf = ({ key }: CatalogRow) => ranks.get(catalog.textNumberOf(key)) ?? Infinity;
  return rows
    .map((row) => ({ row, rank: rankOf(row) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ row }) => row);
};

const Encoded = z.tuple([z.literal('relevance'), z.int().min(1)]);

const cursorOf = (place: number): string =>
  Buffer.from(JSON.stringify(['relevance', place])).toString('base64url');

/** 0: from the best on; undefined: it is a cursor of a search that could not be ranked. */
const placeIn = (cursor: string | undefined): number | undefined => {
  if (cursor === undefined) return 0;
  try {
    return Encoded.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))[1];
  } catch {
    return undefined; // the catalog says what is wrong with it, if it is none of its own
  }
};

const refusal = (field: string, message: string): GreenroomError =>
  new GreenroomError('invalid_criteria', message, { details: { field } });
