/** Why an actor ended, in OTP's words. */

/**
 * `normal` and `shutdown` are ordered ends, everything else is a fault. `{ shutdown }` is one with an explanation,
 * `{ crashed }` carries what was thrown, `killed` is what a `kill` signal leaves behind, `noproc` is what a
 * monitor or a link of an actor that was dead already says.
 */
export type ExitReason =
  | 'normal'
  | 'shutdown'
  | 'killed'
  | 'noproc'
  | { readonly shutdown: unknown }
  | { readonly crashed: unknown };

/** An exit signal: a reason, or `kill`, which no process can trap. */
export type ExitSignal = ExitReason | 'kill';

/** True for what a `transient` child is restarted after. */
export const isAbnormal = (reason: ExitReason): boolean =>
  reason !== 'normal' &&
  reason !== 'shutdown' &&
  !(typeof reason === 'object' && 'shutdown' in reason);

/** What was thrown, in a box; `undefined` when nothing was. */
export const crashOf = (reason: ExitReason): { readonly crashed: unknown } | undefined =>
  typeof reason === 'object' && 'crashed' in reason ? reason : undefined;

/** One line for logs and error messages; never throws, whatever was thrown. */
export function describeReason(reason: ExitReason): string {
  if (typeof reason === 'string') return reason;
  return 'crashed' in reason
    ? `crashed: ${inWords(reason.crashed)}`
    : `shutdown: ${inWords(reason.shutdown)}`;
}

function inWords(value: unknown): string {
  try {
    if (value instanceof Error) return String(value.message);
    return typeof value === 'string'
      ? value
      : (JSON.stringify(value, errorsInWords) ?? String(value));
  } catch {
    return 'something that cannot be shown';
  }
}

const errorsInWords = (_key: string, value: unknown): unknown =>
  value instanceof Error ? value.message : value;
