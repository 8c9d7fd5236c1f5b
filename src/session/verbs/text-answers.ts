/** What the text index adds to a search: which sessions have the words that are asked for, and where. */
import { z } from 'zod';
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Condition } from '../../model/criteria.ts';
import { GreenroomError } from '../../model/errors.ts';
import { soughtIn, textsIn } from '../../model/texts.ts';
import type { TextAnswers, TextHit, TextIndex, TextLag } from '../ports/text-index.ts';
import { textIndexName } from '../ports/text-index.ts';
import type { SessionsWork } from './verb.ts';

/** In replies to what asks for words. */
export const lagShape = {
  /** For how long changes have waited to be found by their words. */
  textLagMs: z.int().min(0).exactOptional(),
  /** How many sessions have such changes. */
  textWaiting: z.int().min(0).exactOptional(),
};

export interface Texts {
  readonly answers: TextAnswers;
  readonly lag: TextLag;
}

/** undefined: no words are asked for. */
export const textsFor = (work: SessionsWork, asked: Condition): Promise<Texts> | undefined => {
  const texts = textsIn(asked);
  return texts.length === 0 ? undefined : findTexts(indexOf(work), texts);
};

const findTexts = async (index: TextIndex, texts: readonly string[]): Promise<Texts> => {
  const answers = await index.find(texts);
  return { answers, lag: index.lag() };
};

/** The same for what deletes: a session whose newest words are not known yet might be one to keep. */
export const allTextsFor = async (
  work: SessionsWork,
  asked: Condition,
): Promise<TextAnswers | undefined> => {
  const found = await textsFor(work, asked);
  if (found !== undefined && found.lag.textWaiting > 0)
    throw new GreenroomError(
      'unavailable',
      `the text index has ${found.lag.textWaiting} sessions yet to take in: nothing is deleted by words before it knows all`,
      { retryAfterMs: 1_000 },
    );
  return found?.answers;
};

/** Where each of these sessions has what was asked for. */
export const hitsFor = async (
  work: SessionsWork,
  asked: Condition,
  rows: readonly CatalogRow[],
): Promise<readonly (TextHit | undefined)[]> => {
  const texts = soughtIn(asked);
  return texts.length === 0 ? [] : indexOf(work).hits(rows, texts);
};

export const indexOf = ({ caller }: SessionsWork): TextIndex => {
  const index = caller.system.find(textIndexName);
  if (index !== undefined) return index;
  throw new GreenroomError('unavailable', 'the text index is restarting', { retryAfterMs: 1_000 });
};
