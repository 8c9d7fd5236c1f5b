/** The pages as data: their tables, their fenced blocks with the markers before them, their words in code. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const documentNamed = (name: string): string => readFileSync(`${ROOT}${name}`, 'utf8');

export const README = documentNamed('README.md');

/** A line of a table; `cells[0]` is the first column. */
export type Row = readonly string[];

/** The rows of the first table below a heading, without its head. */
export const tableBelow = (heading: string, text = README): readonly Row[] =>
  tableFrom(text, text.search(new RegExp(`^#+ ${heading}$`, 'm')), heading);

/** The same after a line of text. */
export const tableAfter = (line: string, text: string): readonly Row[] =>
  tableFrom(text, text.indexOf(`\n${line}\n`), line);

const tableFrom = (text: string, from: number, place: string): readonly Row[] => {
  if (from === -1) throw new Error(`there is no place ${place}`);
  const lines = text.slice(from).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'));
  return lines.slice(first + 2, first + length).map(cellsOf);
};

/** A bar in a cell is written as `\|`. */
const cellsOf = (line: string): Row =>
  line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** The words that stand as code. */
export const codeIn = (cell: string | undefined): readonly string[] =>
  [...(cell ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

/** The words that stand as code in one column, of all rows. */
export const codeInColumn = (rows: readonly Row[], column: number): readonly string[] =>
  rows.flatMap((row) => codeIn(row[column]));

export interface Fence {
  readonly language: string;
  readonly text: string;
  /** The comment right before it: `runs: embed.ts`, `prints`. */
  readonly marker: string | undefined;
}

const FENCE = /(?:^<!-- (.+?) -->\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm;

export const fencesIn = (text: string): readonly Fence[] =>
  [...text.matchAll(FENCE)].map(([, marker, language = '', code = '']) => ({
    language,
    text: code,
    marker,
  }));

export interface Example {
  /** Its file's name, such as `embed.ts`. */
  readonly name: string;
  readonly needsDaemon: boolean;
  /** It has no end of its own. */
  readonly stays: boolean;
  /** Redis and PostgreSQL. */
  readonly needsServers: boolean;
  /** `ANTHROPIC_BASE_URL` names a rehearsal server. */
  readonly needsModel: boolean;
  readonly code: string;
  /** What it prints; undefined where the page does not say. */
  readonly prints: string | undefined;
}

/** Every page for users: their examples run, their links are followed, their English is held. */
export const PAGES = [
  'README.md',
  'examples/README.md',
  ...readdirSync(`${ROOT}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted(),
];

/** Documents that show commands at work, in the order in which these are run: later ones use what earlier ones made. */
const OF_COMMANDS = [
  'README.md',
  'docs/guide/jobs.md',
  'docs/guide/tasks.md',
  'docs/guide/archives.md',
  'docs/guide/modes.md',
  'docs/guide/agents.md',
  'docs/guide/rehearsal.md',
  'docs/operations.md',
  'docs/guide/command-line.md',
  'docs/guide/money.md',
  'docs/guide/tracing.md',
  'docs/guide/context.md',
  'docs/guide/notifications.md',
  'docs/guide/sub-agents.md',
  'docs/guide/daemon.md',
  'docs/guide/tenants.md',
  'docs/guide/http.md',
];

/** The examples that are marked as runnable, with the output that follows each. */
export const examples = (): readonly Example[] => PAGES.flatMap(examplesIn);

const examplesIn = (document: string): readonly Example[] => {
  const fences = fencesIn(documentNamed(document));
  return fences.flatMap(({ marker, text }, at) => {
    const [, name, condition] = /^runs: (\S+?)(?:, (.*))?$/.exec(marker ?? '') ?? [];
    if (name === undefined) return [];
    const next = fences[at + 1];
    const prints = next?.marker === 'prints' ? next.text : undefined;
    const needsDaemon = condition?.startsWith('with a daemon') === true;
    const stays = condition?.endsWith('stays') === true;
    const needsServers = condition?.startsWith('with servers') === true;
    const needsModel = condition?.endsWith('a model') === true;
    return [{ name, needsDaemon, stays, needsServers, needsModel, code: text, prints }];
  });
};

/** The lines of all `sh` blocks, comments and empty ones left out. */
export const shellLines = (): readonly string[] =>
  OF_COMMANDS.flatMap((name) => fencesIn(documentNamed(name)))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
