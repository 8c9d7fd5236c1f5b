/**
 * The runtime's reports as lines of the log. A bug leaves one crash report, with its stack: whoever hears of the same
 * error later, a request that ran into it or the actor that it ended, adds none.
 */

import { crashOf } from '../otp/exit-reason.ts';
import { formatReport, type Report } from '../otp/report.ts';
import type { Log } from '../platform/log.ts';

export const reportLog = (log: Log): ((report: Report) => void) => {
  const told = new WeakSet<object>();
  const isNew = (error: unknown): boolean => {
    if (typeof error !== 'object' || error === null) return true;
    if (told.has(error)) return false;
    told.add(error);
    return true;
  };
  return (report) => {
    const error = errorIn(report);
    if (report.kind === 'fault' && !isNew(error)) return;
    if (report.kind === 'crash') isNew(error);
    const level = report.kind === 'child_restarted' ? 'warn' : 'error';
    log[level]({ ...(error === undefined ? {} : { err: error }), report }, formatReport(report));
  };
};

/** What has a stack to show: in a report's own fields it would be written as an empty object. */
const errorIn = (report: Report): unknown => {
  if (report.kind === 'fault') return report.error;
  return report.kind === 'crash' ? crashOf(report.reason)?.crashed : undefined;
};
