/**
 * The sheet that a bench fills in: its configuration, its tables, its goals and its checks, and how
 * they look as text. A missed goal is a figure; a failed check means that the figures mean nothing.
 */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export interface Check {
  readonly what: string;
  readonly found: string;
  readonly holds: boolean;
}

export class Sheet {
  readonly #configuration: [string, string][] = [];
  readonly #tables: Table[] = [];
  readonly #goals: Goal[] = [];
  readonly #checks: Check[] = [];
  readonly #remarks: string[] = [];

  configure(name: string, value: string | number): void {
    this.#configuration.push([name, String(value)]);
  }

  table(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
    this.#tables.push({ title, columns, rows });
  }

  /** A ratio or a limit that we want to reach. */
  goal(what: string, wanted: string, measured: string, isMet: boolean): void {
    this.#goals.push({ what, wanted, measured, isMet });
  }

  /** Something without which the figures mean nothing. */
  check(what: string, holds: boolean, found: string): void {
    this.#checks.push({ what, found, holds });
  }

  remark(text: string): void {
    this.#remarks.push(text);
  }

  get failedChecks(): readonly Check[] {
    return this.#checks.filter(({ holds }) => !holds);
  }

  get missedGoals(): readonly Goal[] {
    return this.#goals.filter(({ isMet }) => !isMet);
  }

  toMarkdown(): string {
    const parts = [
      this.#configuration.map(([name, value]) => `- ${name}: ${value}`).join('\n'),
      ...this.#tables.map(({ title, columns, rows }) => `${title}\n\n${grid(columns, rows)}`),
      this.#goals.length === 0 ? '' : `Goals\n\n${grid(GOAL_COLUMNS, this.#goals.map(goalRow))}`,
      grid(CHECK_COLUMNS, this.#checks.map(checkRow)),
      this.#remarks.join('\n\n'),
    ];
    return parts.filter((part) => part !== '').join('\n\n');
  }
}

const GOAL_COLUMNS = ['goal', 'wanted', 'measured', ''];
const CHECK_COLUMNS = ['check', 'found', ''];

const goalRow = ({ what, wanted, measured, isMet }: Goal) => [
  what,
  wanted,
  measured,
  isMet ? 'met' : 'MISSED',
];

const checkRow = ({ what, found, holds }: Check) => [what, found, holds ? 'holds' : 'FAILED'];

const grid = (columns: readonly string[], rows: readonly (readonly string[])[]): string => {
  if (rows.length === 0) return '';
  const widths = columns.map((column, at) =>
    Math.max(3, column.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const isNumeric = columns.map((_, at) => rows.every((row) => /^[-+]?[\d.,]/.test(row[at] ?? '')));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => pad(cell, widths[at] ?? 0, isNumeric[at] === true)).join(' | ')} |`;
  const rule = widths.map((width, at) => `${'-'.repeat(width - 1)}${isNumeric[at] ? ':' : '-'}`);
  return [line(columns), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
};

const pad = (text: string, width: number, right: boolean): string =>
  right ? text.padStart(width) : text.padEnd(width);
