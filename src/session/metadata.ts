/** What callers may hang on sessions and turns: any JSON object of bounded size. */
import { z } from 'zod';

/** Largest `metadata` of a session or a turn, as JSON. */
export const MAX_METADATA_BYTES = 16 * 1024;
export const Metadata = z
  .record(z.string().max(256), z.unknown())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES,
    `must be at most ${MAX_METADATA_BYTES} bytes of JSON`,
  );
