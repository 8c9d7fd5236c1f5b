/** What stands in the file of an outbox, checked: an altered one must not keep the daemon from starting. */
import { z } from 'zod';
import { NOTICE_TYPES } from './notice.ts';
import type { SavedOutbox } from './outbox.ts';

const AtMs = z.number().min(0).max(8.64e15);

const Notice = z.object({
  ...{ id: z.string(), type: z.enum(NOTICE_TYPES), atMs: AtMs },
  ...{ tenant: z.string(), sessionId: z.string(), by: z.string() },
  details: z.record(z.string(), z.unknown()).exactOptional(),
});

const Saved = z.object({
  fromMs: AtMs,
  done: z.array(z.tuple([z.string(), AtMs])),
  waiting: z.array(
    z.object({
      ...{ notice: Notice, tried: z.int().min(0), dueMs: AtMs },
      lastError: z.string().exactOptional(),
    }),
  ),
  dead: z.array(z.object({ notice: Notice, atMs: AtMs, why: z.string() })),
});

/** Throws for a text that is no outbox. */
export const savedOutboxIn = (text: string): SavedOutbox => Saved.parse(JSON.parse(text));
