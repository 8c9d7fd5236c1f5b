/**
 * Reads everything of a store in a child process, because a damaged file can crash whoever reads it:
 * what `doctor --verify` does, what a backup is judged by, and what decides about a data file that
 * looks cut off. The checks themselves are in `verify-tables.ts`.
 */
import { join } from 'node:path';
import { programFile } from '../../platform/compiled.ts';
import { patienceFor, runChild } from '../files/child.ts';
import { DATA_FILE } from '../files/data-file.ts';
import type { VerifyReport } from './verify-tables.ts';

export type Verdict =
  | { readonly isSound: true; readonly report: VerifyReport }
  | { readonly isSound: false; readonly why: string; readonly report?: VerifyReport };

/** Reads a store from disk; whatever is wrong with it ends the child and not us. */
export const verifyInChild = async (dir: string): Promise<Verdict> => {
  const script = programFile('storage/verify/verify-child');
  const { out, failure } = await runChild(script, [dir], patienceFor(join(dir, DATA_FILE)));
  if (failure !== null) return { isSound: false, why: `reading it ended with ${failure}` };
  const report = JSON.parse(out) as VerifyReport;
  if (report.fileFault !== undefined) return { isSound: false, why: report.fileFault, report };
  if (report.broken === 0) return { isSound: true, report };
  const [first] = report.problems;
  const why = first === undefined ? '' : `: ${first.key} ${first.why}`;
  return { isSound: false, why: `${report.broken} records are broken${why}`, report };
};
