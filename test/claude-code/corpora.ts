/**
 * Collections of real session logs for tests: the few in this repository, and a larger one beside the
 * checkout, which not every machine has.
 */
import { existsSync, readFileSync } from 'node:fs';

export interface Sample {
  readonly file: string;
  readonly kind: 'real' | 'synthetic' | 'foreign' | 'made';
  readonly lines: readonly Uint8Array[];
}

export interface Corpus {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Rows of USAGE.tsv by file, each by column. */
  readonly usage: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

const FOLDERS = [
  ['fixtures', new URL('../fixtures/transcripts/', import.meta.url)],
  ['shared transcripts', new URL('../../../shared/data/transcripts/', import.meta.url)],
] as const;

export const loadCorpora = (): readonly Corpus[] =>
  FOLDERS.flatMap(([name, folder]) => {
    if (existsSync(folder)) return [loadCorpus(name, folder)];
    console.log(`skipped: there are no ${name} here`);
    return [];
  });

export const linesOf = (bytes: Uint8Array): readonly Uint8Array[] => {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  if (start < bytes.length) lines.push(bytes.subarray(start));
  return lines;
};

export const stemOf = (file: string): string => file.replace(/^.*\//, '').replace(/\.jsonl$/, '');

const loadCorpus = (name: string, folder: URL): Corpus => ({
  name,
  samples: table(new URL('MANIFEST.tsv', folder)).map((row) => ({
    file: row.get('file') ?? '',
    kind: row.get('kind') as Sample['kind'],
    lines: linesOf(readFileSync(new URL(row.get('file') ?? '', folder))),
  })),
  usage: new Map(
    table(new URL('USAGE.tsv', folder)).map((row) => [row.get('file') ?? '', row] as const),
  ),
});

const table = (url: URL): ReadonlyMap<string, string>[] => {
  const [head = '', ...rows] = readFileSync(url, 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  return rows.map((row) => {
    const cells = row.split('\t');
    return new Map(columns.map((column, index) => [column, cells[index] ?? '']));
  });
};
