/** What outsiders may see of a process: its state through the behaviour's `redact`, its message, its crash. */
import type { ExitReason } from './exit-reason.ts';
import type { Message } from './message.ts';
import type { MessageView, Report } from './report.ts';

export interface Viewed<P> {
  readonly id: number;
  readonly label: string;
  readonly state: unknown;
  readonly current: Message | undefined;
  readonly slot: { readonly restarts: number } | undefined;
  readonly program: {
    redact(process: P): unknown;
    redactMessage?(process: P, message: Message): unknown;
  };
}

export const viewOf = <P extends Viewed<P>>(
  process: P,
  message: Message | undefined,
): MessageView | undefined =>
  message && { kind: message.kind, name: message.name, payload: payloadOf(process, message) };

/** The runtime's own work is a function, which tells nobody anything. */
function payloadOf<P extends Viewed<P>>(process: P, message: Message): unknown {
  if (message.kind === 'run') return undefined;
  const { program } = process;
  if (program.redactMessage === undefined) return message.payload;
  try {
    return program.redactMessage(process, message);
  } catch (error) {
    return { redactFailed: error };
  }
}

/** A behaviour's `redact` is a user's code: when it throws, that is shown instead, and no report is lost. */
export function redactedState<P extends Viewed<P>>(process: P): unknown {
  if (process.state === undefined) return undefined;
  try {
    return process.program.redact(process);
  } catch (error) {
    return { redactFailed: error };
  }
}

export const crashReport = <P extends Viewed<P>>(process: P, reason: ExitReason): Report => ({
  kind: 'crash',
  actor: process.label,
  id: process.id,
  reason,
  lastMessage: viewOf(process, process.current),
  state: redactedState(process),
  restarts: process.slot?.restarts ?? 0,
});
