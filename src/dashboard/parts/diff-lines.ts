/** Which lines of a text went and came: by the longest common run of lines. Pure. */

export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
}

/** Beyond so many pairs of lines all of it counts as changed: the table would cost more than it tells. */
const MAX_PAIRS = 1_000_000;
/** Equal lines that are shown around a change. */
const AROUND = 3;

export const diffLines = (before: string, after: string): readonly DiffLine[] => {
  const old = linesOf(before);
  const now = linesOf(after);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < now.length - head &&
    old[old.length - 1 - tail] === now[now.length - 1 - tail]
  )
    tail += 1;
  return [
    ...old.slice(0, head).slice(-AROUND).map(as('same')),
    ...between(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old
      .slice(old.length - tail)
      .slice(0, AROUND)
      .map(as('same')),
  ];
};

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'));

const as =
  (kind: DiffLine['kind']) =>
  (text: string): DiffLine => ({ kind, text });

const between = (old: readonly string[], now: readonly string[]): readonly DiffLine[] => {
  if (old.length * now.length > MAX_PAIRS) return [...old.map(as('gone')), ...now.map(as('new'))];
  const common = commonLengths(old, now);
  const lengthAt = (i: number, j: number): number => common[i * (now.length + 1) + j] ?? 0;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [gone, come] = [old[i], now[j]];
    if (gone !== undefined && gone === come) {
      lines.push({ kind: 'same', text: gone });
      i += 1;
      j += 1;
    } else if (
      gone !== undefined &&
      (come === undefined || lengthAt(i + 1, j) >= lengthAt(i, j + 1))
    ) {
      lines.push({ kind: 'gone', text: gone });
      i += 1;
    } else if (come !== undefined) {
      lines.push({ kind: 'new', text: come });
      j += 1;
    }
  }
  return lines;
};

/** Of the rests from each pair of places on. */
const commonLengths = (old: readonly string[], now: readonly string[]): Uint32Array => {
  const width = now.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] =
        old[i] === now[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
  return lengths;
};
