/**
 * Which moments, counts and amounts from outside are believed. What is beyond is a mistake or a forgery: it would
 * stand at the top of every list for ever, or make sums that are no longer exact.
 */

/** 1970-01-01: there were no sessions before. */
export const EARLIEST_MS = 0;
/** 2100-01-01, exclusive. */
export const LATEST_MS = Date.UTC(2100, 0, 1);

export const isPlausibleMoment = (ms: number): boolean => ms >= EARLIEST_MS && ms < LATEST_MS;

/** Tokens, requests, messages: of one response or of a session's whole life. */
export const MAX_COUNT = 1e12;

export const isPlausibleCount = (count: number): boolean =>
  Number.isSafeInteger(count) && count >= 0 && count <= MAX_COUNT;

/** Nano-dollars that sums still hold exactly: about nine million dollars. */
export const MAX_NANO_USD = Number.MAX_SAFE_INTEGER;
/** The same in whole dollars. */
export const MAX_USD = Math.floor(MAX_NANO_USD / 1e9);

/** Of Node 20; the language level that is compiled for does not know it. Costs nothing where all characters are Latin-1. */
interface Text {
  isWellFormed(): boolean;
}

/** Whether a text has no half of a surrogate pair alone: a store would turn that into another character. */
export const isWellFormed = (text: string): boolean => (text as unknown as Text).isWellFormed();

/** The text with U+FFFD in the place of lone halves, as a store would give it back. */
export const wellFormed = (text: string): string =>
  isWellFormed(text) ? text : Buffer.from(text).toString();

/** The beginning of a text, cut not between the halves of a surrogate pair. */
export const wellCut = (text: string, length: number): string => {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
};

/** One escape, or a whole pair of them. */
const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|.)/g;
const HALF = /^\\u[dD][89a-fA-F][\da-fA-F]{2}$/;

/** JSON with U+FFFD in the place of lone halves, in the names of fields as in values: with one it is no JSON to the API. */
export const wholeJson = (json: string): string =>
  /\\u[dD][89a-fA-F]/.test(json)
    ? json.replace(ESCAPE, (each) => (HALF.test(each) ? '\\ufffd' : each))
    : json;
