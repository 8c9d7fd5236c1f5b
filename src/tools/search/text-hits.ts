/** What a pattern finds in one text. Pure. */

/** Lines from 1, both included. */
export interface Hit {
  readonly from: number;
  readonly to: number;
  /** What matched. */
  readonly text: string;
}

export interface TextHits {
  readonly lines: readonly string[];
  readonly hits: readonly Hit[];
}

/** Hits in one text; more are not counted. */
export const MAX_HITS = 100_000;

export const linesIn = (text: string): readonly string[] => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop(); // the end of the last line
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
};

/** Each match in each line, or only whether there is one. */
export const hitsInLines = (text: string, pattern: RegExp, wantsEach: boolean): TextHits => {
  const lines = linesIn(text);
  const hits: Hit[] = [];
  for (const [at, line] of lines.entries()) {
    if (hits.length >= MAX_HITS) break;
    pattern.lastIndex = 0;
    if (!pattern.test(line)) continue;
    pattern.lastIndex = 0; // which `matchAll` begins at
    const texts = wantsEach
      ? [...line.matchAll(pattern)].flatMap(([match]) => match || [])
      : [line];
    for (const found of texts) hits.push({ from: at + 1, to: at + 1, text: found });
  }
  return { lines, hits };
};

export const hitsInText = (given: string, pattern: RegExp): TextHits => {
  const text = given.replaceAll('\r\n', '\n');
  const lines = linesIn(text);
  const hits: Hit[] = [];
  let [line, counted] = [1, 0];
  for (const match of text.matchAll(pattern)) {
    if (hits.length >= MAX_HITS) break;
    const [found] = match;
    // The empty end behind the last line break is no line.
    if (match.index === text.length && text.length > 0 && text.endsWith('\n')) break;
    line += breaksIn(text, counted, match.index);
    counted = match.index;
    const end = found.endsWith('\n') ? match.index + found.length - 1 : match.index + found.length;
    hits.push({ from: line, to: line + breaksIn(text, match.index, end), text: found });
  }
  return { lines, hits };
};

const breaksIn = (text: string, from: number, to: number): number => {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1))
    count += 1;
  return count;
};
