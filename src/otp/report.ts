/**
 * What the runtime reports to an operator: crashes, restarts, giving up. Values, not text: a log, a command line
 * and a page show the same ones. `formatReport` makes the sentence.
 */
import { describeReason, type ExitReason } from './exit-reason.ts';

/** The message under way, or the last one before a crash. */
export interface MessageView {
  readonly kind: string;
  readonly name: string;
  readonly payload: unknown;
}

export type Report =
  | {
      readonly kind: 'crash';
      readonly actor: string;
      readonly id: number;
      readonly reason: ExitReason;
      readonly lastMessage: MessageView | undefined;
      /** As the behaviour's `redact` shows it. */
      readonly state: unknown;
      readonly restarts: number;
    }
  | {
      readonly kind: 'child_exited';
      readonly supervisor: string;
      readonly child: string;
      readonly reason: ExitReason;
    }
  | {
      readonly kind: 'child_restarted';
      readonly supervisor: string;
      readonly child: string;
      readonly restarts: number;
    }
  | {
      readonly kind: 'child_start_failed';
      readonly supervisor: string;
      readonly child: string;
      readonly reason: ExitReason;
    }
  | {
      /** A child did not end in time and was killed. */
      readonly kind: 'child_killed';
      readonly supervisor: string;
      readonly child: string;
      readonly shutdownMs: number;
    }
  | {
      readonly kind: 'gave_up';
      readonly supervisor: string;
      readonly child: string;
      readonly reason: ExitReason;
      readonly maxRestarts: number;
      readonly maxSeconds: number;
    }
  | {
      readonly kind: 'parked';
      readonly supervisor: string;
      readonly child: string;
      readonly reason: ExitReason;
      readonly restarts: number;
    }
  | {
      /** A failure in code that must not fail: a `terminate`, a release, a listener; only this report shows it. */
      readonly kind: 'fault';
      readonly actor: string;
      readonly during: string;
      readonly error: unknown;
      /** What the work was about, by names that a log can be searched for. */
      readonly where?: object | undefined;
    };

/** One line for people; the stack of a crash is in `reason.crashed`. */
export function formatReport(report: Report): string {
  switch (report.kind) {
    case 'crash':
      return `${report.actor}: ${describeReason(report.reason)}${onMessage(report.lastMessage)}`;
    case 'child_exited':
      return `${report.supervisor}: ${report.child} exited: ${describeReason(report.reason)}`;
    case 'child_restarted':
      return `${report.supervisor}: ${report.child} was restarted, ${report.restarts} times so far`;
    case 'child_start_failed':
      return `${report.supervisor}: ${report.child} did not start: ${describeReason(report.reason)}`;
    case 'child_killed':
      return `${report.supervisor}: ${report.child} did not end within ${report.shutdownMs} ms and was killed`;
    case 'gave_up':
      return `${report.supervisor} gave up: more than ${report.maxRestarts} restarts in ${report.maxSeconds} s, last ${report.child}: ${describeReason(report.reason)}`;
    case 'parked':
      return `${report.supervisor}: ${report.child} is parked: ${describeReason(report.reason)}`;
    case 'fault':
      return `${report.actor}: ${report.during} failed: ${describeReason({ crashed: report.error })}`;
  }
}

const onMessage = (message: MessageView | undefined): string =>
  message === undefined ? '' : ` (on ${message.kind} ${message.name})`;
