/**
 * Times of the classic models: ISO 8601, in memory always with a zone, so that every reader means the same instant.
 *
 * 1. Without a zone it is UTC. UTC is spelled `Z` in memory and `+00:00` on disk, where Python 3.10 reads it too.
 * 2. Seconds have three or six decimals or none, as Python writes them: nothing of a microsecond is lost.
 */
import { z } from 'zod';
import { iso } from '../model/moment.ts';
import { systemClock } from '../otp/system-clock.ts';

const FORM =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

const isUtc = (zone: string): boolean => /^(Z|[+-]00(:?00)?)$/i.test(zone);

const zoneOf = (zone: string | undefined): string => {
  if (zone === undefined || isUtc(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
};

const decimalsOf = (digits: string | undefined): string => {
  if (digits === undefined) return '';
  return `.${digits.slice(0, 6).padEnd(digits.length > 3 ? 6 : 3, '0')}`;
};

/** The text in our one spelling; null if it names no instant (30 February is none). */
export const timestampFrom = (text: string): string | null => {
  const parts = FORM.exec(text.trim());
  if (parts === null) return null;
  const [, year, month, day, hour = '00', minute = '00', second = '00', decimals, zone] = parts;
  const clockTime = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const asUtc = Date.parse(`${clockTime}Z`);
  if (Number.isNaN(asUtc) || !new Date(asUtc).toISOString().startsWith(clockTime)) return null;
  const spelled = `${clockTime}${decimalsOf(decimals)}${zoneOf(zone)}`;
  return Number.isNaN(Date.parse(spelled)) ? null : spelled;
};

/** As files and Redis hold it. */
export const storedTimestamp = (timestamp: string): string => timestamp.replace(/Z$/, '+00:00');

export const isoNow = (): string => iso(systemClock.now());

/** Takes ISO 8601 or a `Date`, gives our one spelling. */
export const Timestamp = z.union([z.string(), z.date()]).transform((value, context) => {
  const text = timestampFrom(value instanceof Date ? value.toISOString() : value);
  if (text !== null) return text;
  context.addIssue({ code: 'custom', message: `Invalid timestamp format: ${String(value)}` });
  return z.NEVER;
});
