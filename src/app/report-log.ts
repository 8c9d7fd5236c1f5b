/**
 * The runtime's reports as lines of the log, and crashes as telemetry. A bug leaves one crash report, with its stack:
 * whoever hears of the same error later, a request that ran into it or the actor that it ended, adds none.
 */

import { TELEMETRY } from '../model/telemetry.ts';
import { crashOf, describeReason } from '../otp/exit-reason.ts';
import { formatReport, type Report } from '../otp/report.ts';
import type { Log } from '../platform/log.ts';
import { type Where, Whereabouts } from './whereabouts.ts';

export const reportLog = (log: Log): ((report: Report) => void) => {
  const whereabouts = new Whereabouts();
  const told = new WeakSet<object>();
  const isNew = (error: unknown): boolean => {
    if (typeof error !== 'object' || error === null) return true;
    if (told.has(error)) return false;
    told.add(error);
    return true;
  };
  return (report) => {
    const error = errorIn(report);
    const where = whereabouts.of(report);
    if (report.kind === 'fault' && !isNew(error)) return;
    if (report.kind === 'crash') {
      isNew(error);
      tellCrash(report, where);
    }
    const level = report.kind === 'child_restarted' ? 'warn' : 'error';
    const err = error === undefined ? {} : { err: error };
    log[level]({ ...where, ...err, report }, formatReport(report));
  };
};

const tellCrash = (
  { actor, reason, restarts }: Extract<Report, { kind: 'crash' }>,
  where: Where,
): void => {
  if (TELEMETRY.actorCrash.isHeard)
    TELEMETRY.actorCrash.tell({ actor, reason: describeReason(reason), restarts, ...where });
};

/** What has a stack to show: in a report's own fields it would be written as an empty object. */
const errorIn = (report: Report): unknown => {
  if (report.kind === 'fault') return report.error;
  return report.kind === 'crash' ? crashOf(report.reason)?.crashed : undefined;
};
