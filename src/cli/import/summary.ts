/** The end of an import: what came in, what was refused and why, what it all cost. */
import { grouped, money } from '../format.ts';
import { groupBy } from './group-by.ts';
import type { FileResult } from './import-session.ts';
import type { Spent } from './totals.ts';

export interface ImportSummary extends Spent {
  readonly files: number;
  readonly sessions: {
    readonly new: number;
    /** Of the new ones, those that were stored before and were deleted for it. */
    readonly replaced?: number;
    readonly grown: number;
    readonly unchanged: number;
  };
  readonly lines: number;
  readonly added: number;
  /** Lines that are no JSON object; kept as they are. */
  readonly malformed: number;
  /** Lines that held more than one object. */
  readonly recovered: number;
  /** Records with a time or a number that cannot be; it was left out. */
  readonly implausible: number;
  /** Lines that are too long: what was long in them is not stored. */
  readonly leftOut: readonly {
    readonly path: string;
    readonly line: number;
    readonly bytes: number;
  }[];
  /** Sessions that went on here too: a person chooses what the model sees. Absent: none did. */
  readonly divided?: readonly string[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

export const summarise = (results: readonly FileResult[], spent: Spent): ImportSummary => {
  const sum = (field: 'lines' | 'added' | 'malformed' | 'recovered'): number =>
    results.reduce((total, result) => total + result[field], 0);
  return {
    files: results.length,
    sessions: sessionCounts(results),
    ...{ lines: sum('lines'), added: sum('added') },
    ...{ malformed: sum('malformed'), recovered: sum('recovered') },
    implausible: results.reduce((total, { implausible = 0 }) => total + implausible, 0),
    leftOut: results.flatMap(({ path, leftOut = [] }) =>
      leftOut.map((each) => ({ path, ...each })),
    ),
    ...dividedIn(results),
    refused: reasons(results, 'refused'),
    failed: reasons(results, 'failed'),
    ...spent,
  };
};

const dividedIn = (results: readonly FileResult[]): Pick<ImportSummary, 'divided'> => {
  const ids = results.flatMap(({ sessionId, isBesides }) =>
    sessionId === undefined || isBesides !== true ? [] : [sessionId],
  );
  return ids.length === 0 ? {} : { divided: [...new Set(ids)] };
};

const sessionCounts = (results: readonly FileResult[]): ImportSummary['sessions'] => {
  const stored = results.filter((result) => result.sessionId !== undefined);
  const bySession = groupBy(stored, (result) => result.sessionId);
  const counts = { new: 0, grown: 0, unchanged: 0 };
  let replaced = 0;
  for (const files of bySession.values()) {
    if (files.some((file) => file.hasReplaced)) replaced += 1;
    if (files.some((file) => file.isNewSession)) counts.new += 1;
    else if (files.some((file) => file.added > 0)) counts.grown += 1;
    else counts.unchanged += 1;
  }
  return replaced === 0 ? counts : { ...counts, replaced };
};

const reasons = (results: readonly FileResult[], status: FileResult['status']) =>
  results
    .filter((result) => result.status === status)
    .map(({ path, reason = '' }) => ({ path, reason }));

export const summaryText = (summary: ImportSummary): string => {
  const { sessions, usage, refused, failed } = summary;
  const kept = summary.malformed === 0 ? '' : `, ${grouped(summary.malformed)} malformed kept`;
  const recovered =
    summary.recovered === 0 ? '' : `, ${grouped(summary.recovered)} with several objects`;
  const implausible =
    summary.implausible === 0
      ? ''
      : `, ${grouped(summary.implausible)} with a time or a number that cannot be`;
  const { replaced = 0 } = sessions;
  const again = replaced === 0 ? '' : ` (${grouped(replaced)} in the place of what was stored)`;
  const prompt = usage.inputTokens + usage.cacheCreationInputTokens + usage.cacheReadInputTokens;
  return [
    `sessions  ${grouped(sessions.new)} new${again}, ${grouped(sessions.grown)} grown, ${grouped(sessions.unchanged)} unchanged`,
    `files     ${grouped(summary.files)}`,
    `lines     ${grouped(summary.added)} added of ${grouped(summary.lines)}${kept}${recovered}${implausible}`,
    `tokens    ${grouped(prompt)} in, ${grouped(usage.outputTokens)} out`,
    `cost      ${money(summary.costUsd, summary.knownCostUsd)}`,
    ...dividedLines(summary),
    ...inheritedLine(summary),
    ...leftOutLines(summary.leftOut),
    ...listed('refused', refused),
    ...listed('failed', failed),
    '',
  ].join('\n');
};

const dividedLines = ({ divided = [] }: ImportSummary): string[] =>
  divided.length === 0
    ? []
    : [
        `divided   ${grouped(divided.length)} went on here too; the model sees what was said here: sessions branches, sessions choose`,
        ...divided.map((sessionId) => `  ${sessionId}`),
      ];

const inheritedLine = ({ inheritedCostUsd }: ImportSummary): string[] =>
  inheritedCostUsd === undefined
    ? []
    : [
        `inherited ${money(inheritedCostUsd)} more in copies of answers that count in other sessions`,
      ];

const leftOutLines = (leftOut: ImportSummary['leftOut']): string[] =>
  leftOut.length === 0
    ? []
    : [
        `left out  what is long in ${grouped(leftOut.length)} lines that no message can carry`,
        ...leftOut.map((each) => `  ${each.path}: line ${each.line}, ${grouped(each.bytes)} bytes`),
      ];

const listed = (what: string, items: ImportSummary['refused']): string[] =>
  items.length === 0
    ? []
    : [
        `${what.padEnd(8)}  ${items.length}`,
        ...items.map((each) => `  ${each.path}: ${each.reason}`),
      ];
