/** The lines that show what was found, as grep writes them: `path:3:text`, lines around as `path-4-text`, `--` between. Pure. */
import { shortLine } from '../tool/outcome.ts';
import type { Hit, TextHits } from './text-hits.ts';

export interface HitLayout {
  readonly before: number;
  readonly after: number;
  readonly hasNumbers: boolean;
  readonly isOnlyMatch: boolean;
}

export const hitLines = (
  path: string,
  { lines, hits }: TextHits,
  layout: HitLayout,
): readonly string[] => {
  if (layout.isOnlyMatch) return hits.flatMap((hit) => matchLines(path, hit, layout));
  const shown = new Map<number, ':' | '-'>();
  for (const { from, to } of hits) {
    const first = Math.max(1, from - layout.before);
    const last = Math.min(lines.length, to + layout.after);
    for (let line = first; line <= last; line++)
      if (line >= from && line <= to) shown.set(line, ':');
      else if (!shown.has(line)) shown.set(line, '-');
  }
  const numbers = [...shown.keys()].sort((one, other) => one - other);
  const hasContext = layout.before > 0 || layout.after > 0;
  return numbers.flatMap((number, at) => {
    const mark = shown.get(number) ?? ':';
    const line = shortLine(lines[number - 1] ?? '');
    const text = `${path}${mark}${layout.hasNumbers ? `${number}${mark}` : ''}${line}`;
    const isGap = hasContext && at > 0 && (numbers[at - 1] ?? 0) < number - 1;
    return isGap ? ['--', text] : [text];
  });
};

const matchLines = (path: string, { from, text }: Hit, { hasNumbers }: HitLayout) =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line, at) => `${path}:${hasNumbers ? `${from + at}:` : ''}${shortLine(line)}`);
