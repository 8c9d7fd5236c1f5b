/** Where a session has the words that were searched for: a line under its row, with the hits in bold. */

import { printable } from '../platform/printable.ts';
import type { FoundSession } from '../session/verbs/reply-schemas.ts';
import type { Output } from './output.ts';
import { cut, widthOf } from './width.ts';

type Hit = NonNullable<FoundSession['hit']>;

const INDENT = '  ';

/** `#12` is what `sessions messages --from` takes; a title has no number. */
export const hitLine = (
  { seq, snippet, marks }: Hit,
  out: Pick<Output, 'paint' | 'width'>,
): string => {
  const label = seq === undefined ? '' : `#${seq} `;
  let room = Math.max(1, out.width - INDENT.length - label.length);
  let line = '';
  for (const { text, isHit } of partsOf(snippet, marks)) {
    if (room <= 0) break;
    const shown = cut(printable(text.replaceAll(/\s+/g, ' ')), room);
    room -= widthOf(shown);
    line += isHit ? out.paint('bold', shown) : shown;
  }
  return `${INDENT}${out.paint('dim', label)}${line.trimEnd()}\n`;
};

const partsOf = (snippet: string, marks: Hit['marks']): { text: string; isHit: boolean }[] => {
  const ends = marks.flatMap(([from, to]) => [
    { end: from, isHit: false },
    { end: to, isHit: true },
  ]);
  let at = 0;
  return [...ends, { end: snippet.length, isHit: false }].flatMap(({ end, isHit }) => {
    const text = snippet.slice(at, end);
    at = end;
    return text === '' ? [] : [{ text, isHit }];
  });
};
