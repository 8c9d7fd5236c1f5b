/**
 * A digest over the lines of a foreign transcript, carried on line by line, so that a file that grew
 * is recognised by its beginning without reading back what is stored of it.
 *
 * The importer computes it over a file's first n lines, the session over the n lines that it stored:
 * equal means that the file only grew. Lines are taken without their newlines.
 */
import { createHash } from 'node:crypto';

/** The digest over no lines. */
export const EMPTY_DIGEST = '';

const HEX_DIGITS = 32;

/** The digest over the lines so far and one more: 32 hex digits. */
export const nextDigest = (digest: string, line: Uint8Array): string =>
  createHash('sha256').update(digest).update(line).digest('hex').slice(0, HEX_DIGITS);
