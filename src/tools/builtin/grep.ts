/** `Grep`: which files, or which lines of them, have a text that a regular expression matches. */
import { z } from 'zod';
import type { ToolOutcome } from '../../session/ports/tools.ts';
import { baseOf, pathOf, shownPath } from '../files/place.ts';
import { fileFilter } from '../search/file-filter.ts';
import { type HitLayout, hitLines } from '../search/hit-lines.ts';
import { LeftOut } from '../search/left-out.ts';
import {
  byTime,
  filesToSearch,
  MAX_SEARCHED_BYTES,
  rootOf,
  textsOf,
} from '../search/search-files.ts';
import { hitsInLines, hitsInText, type TextHits } from '../search/text-hits.ts';
import { textPattern } from '../search/text-pattern.ts';
import { MAX_NAMES } from '../search/walk.ts';
import { linesWithin, said } from '../tool/outcome.ts';
import { Pauses } from '../tool/pauses.ts';
import { builtinTool } from '../tool/tool.ts';

/** Lines, files or counts of one call that names no limit. */
export const DEFAULT_HEAD_LIMIT = 250;
/** Characters of one result. */
export const MAX_GREP_TEXT = 40_000;
/** Lines around a match. */
const MAX_CONTEXT = 1_000;
/** Lines, files or counts that are gathered. */
const MAX_ROWS = 100_000;

const context = (text: string) => z.int().min(0).max(MAX_CONTEXT).optional().describe(text);

const Input = z.strictObject({
  pattern: z.string().min(1).describe('A regular expression of JavaScript'),
  path: z.string().min(1).optional().describe('A folder or a file; default the working folder'),
  glob: z
    .string()
    .min(1)
    .optional()
    .describe('Only files like this, as *.ts or src/**/*.{ts,tsx} or !*.md'),
  type: z
    .string()
    .min(1)
    .optional()
    .describe('Only files of this kind, as js, ts, py, rust, go, java'),
  output_mode: z
    .enum(['content', 'files_with_matches', 'count'])
    .optional()
    .describe(
      'content: the lines; files_with_matches: the files, newest first (default); count: how many lines of each',
    ),
  '-B': context('content: lines before each match'),
  '-A': context('content: lines behind each match'),
  '-C': context('content: lines before and behind each match'),
  context: context('The same as -C'),
  '-n': z.boolean().optional().describe('content: line numbers; default true'),
  '-i': z.boolean().optional().describe('Upper and lower case are the same'),
  '-o': z
    .boolean()
    .optional()
    .describe('content: only what matches, each match on a line of its own'),
  head_limit: z
    .int()
    .min(0)
    .max(MAX_ROWS)
    .optional()
    .describe(`Lines or files to show; default ${DEFAULT_HEAD_LIMIT}, 0 for as many as fit`),
  offset: z
    .int()
    .min(0)
    .max(MAX_ROWS)
    .optional()
    .describe('Lines or files to leave out before that'),
  multiline: z
    .boolean()
    .optional()
    .describe('A match may go over several lines, and . matches line breaks'),
});
type GrepInput = z.output<typeof Input>;

export const Grep = builtinTool({
  name: 'Grep',
  description:
    'Searches the texts of files by a regular expression. Leaves out what .gitignore and .ignore name, folders of version control, and binary files; hidden files are searched. Paths in the result are relative to the working folder where they lie in it.',
  effect: 'pure',
  input: Input,
  work: async (input, job, signal) => {
    const options = { isCaseless: input['-i'] ?? false, isMultiline: input.multiline ?? false };
    const pattern = textPattern(input.pattern, options);
    const filter = fileFilter(input.glob, input.type);
    const pauses = new Pauses(signal);
    const named = pathOf(input.path ?? '.', job);
    const root = rootOf(named, job.realPath);
    const leftOut = new LeftOut(job, root, named);
    const searched = await filesToSearch(root, filter, pauses, leftOut);
    const rows = new Rows(input, baseOf(job), pattern);
    for await (const found of textsOf(searched, pauses)) {
      if (found === 'too-large') rows.tooLarge += 1;
      else if (found !== undefined) rows.take(found.path, found.mtimeMs, found.text);
      if (rows.isEnough) break;
    }
    return rows.outcome([
      ...(searched.isCut
        ? [`Only the first ${MAX_NAMES} names were looked at: search in a smaller folder.`]
        : []),
      ...leftOut.notes,
      ...(searched.unreadable > 0 ? [`${searched.unreadable} folders could not be read.`] : []),
    ]);
  },
});

/** Gathers what is shown. */
class Rows {
  tooLarge = 0;
  readonly #input: GrepInput;
  readonly #base: string;
  readonly #pattern: RegExp;
  readonly #layout: HitLayout;
  readonly #mode: NonNullable<GrepInput['output_mode']>;
  readonly #lines: string[] = [];
  readonly #files: (readonly [path: string, mtimeMs: number])[] = [];
  #hits = 0;

  constructor(input: GrepInput, base: string, pattern: RegExp) {
    this.#input = input;
    this.#base = base;
    this.#pattern = pattern;
    this.#mode = input.output_mode ?? 'files_with_matches';
    const around = input['-C'] ?? input.context ?? 0;
    this.#layout = {
      before: input['-B'] ?? around,
      after: input['-A'] ?? around,
      hasNumbers: input['-n'] ?? true,
      isOnlyMatch: input['-o'] ?? false,
    };
  }

  /** What comes is not shown any more. Files are sorted by time, so all of them are looked at. */
  get isEnough(): boolean {
    if (this.#mode !== 'content') return this.#files.length >= MAX_ROWS;
    return this.#lines.length > Math.min(this.#offset + this.#limit, MAX_ROWS);
  }

  get #offset(): number {
    return this.#input.offset ?? 0;
  }

  get #limit(): number {
    const { head_limit: limit = DEFAULT_HEAD_LIMIT } = this.#input;
    return limit === 0 ? MAX_ROWS : limit;
  }

  take(path: string, mtimeMs: number, text: string): void {
    const found = this.#hitsIn(text);
    if (found.hits.length === 0) return;
    const shown = shownPath(path, this.#base);
    this.#hits += found.hits.length;
    this.#files.push([shown, mtimeMs]);
    if (this.#mode === 'count') this.#lines.push(`${shown}:${found.hits.length}`);
    if (this.#mode !== 'content') return;
    const hasContext = this.#layout.before + this.#layout.after > 0 && !this.#layout.isOnlyMatch;
    if (hasContext && this.#lines.length > 0) this.#lines.push('--');
    for (const line of hitLines(shown, found, this.#layout)) this.#lines.push(line);
  }

  #hitsIn(text: string): TextHits {
    if (this.#input.multiline === true) return hitsInText(text, this.#pattern);
    return hitsInLines(text, this.#pattern, this.#layout.isOnlyMatch && this.#mode === 'content');
  }

  outcome(notes: readonly string[]): ToolOutcome {
    const all = this.#mode === 'files_with_matches' ? this.#sortedFiles() : this.#lines;
    const asked = all.slice(this.#offset, this.#offset + this.#limit);
    const { text, shown } = linesWithin(asked, MAX_GREP_TEXT);
    const last = this.#offset + shown;
    const cut =
      last < all.length
        ? [
            `PARTIAL view: ${this.#offset + 1} to ${last} of ${this.isEnough ? 'more' : all.length}. Go on with offset ${last}, or narrow the search.`,
          ]
        : [];
    const large =
      this.tooLarge > 0
        ? [`${this.tooLarge} files of more than ${MAX_SEARCHED_BYTES} bytes were not searched.`]
        : [];
    const bracketed = [...cut, ...large, ...notes].map((note) => `[${note}]`);
    return said(
      [this.#headOf(all.length), text, ...this.#sum(), ...bracketed]
        .filter((part) => part !== '')
        .join('\n'),
    );
  }

  #sortedFiles(): readonly string[] {
    return this.#files.sort(byTime).map(([path]) => path);
  }

  #headOf(count: number): string {
    if (count === 0)
      return this.#mode === 'files_with_matches' ? 'No files found' : 'No matches found';
    if (this.#mode !== 'files_with_matches') return '';
    return `Found ${count} ${count === 1 ? 'file' : 'files'}`;
  }

  #sum(): readonly string[] {
    if (this.#mode !== 'count' || this.#files.length === 0) return [];
    return [`Found ${this.#hits} matches in ${this.#files.length} files.`];
  }
}
