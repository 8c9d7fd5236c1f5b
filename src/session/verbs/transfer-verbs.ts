/** Verbs that carry a session elsewhere: see `docs/reference/export-format.md`. */
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { exportPage } from '../transfer/export.ts';
import { restoreRequest } from './requests.ts';
import { change, journalOf, sessionVerb } from './verb.ts';

const exportText = sessionVerb('export', {
  request: z.strictObject({
    cursor: z.string().max(4_000_000).optional(),
    maxBytes: z
      .int()
      .min(1_000)
      .max(8_000_000)
      .default(512_000)
      .describe("size of the page's text as JSON"),
  }),
  reply: z.strictObject({
    /** Whole lines with their newlines; a line that is too long for a page comes in pieces. */
    text: z.string(),
    /** Absent: that was all. */
    cursor: z.string().exactOptional(),
  }),
  run: async (work, { cursor, maxBytes }) => {
    const { clock } = work.caller.system;
    const session = await work.caller.openKnown(work.key);
    const headNow = async () => (await journalOf(work).open(work.key)).head;
    const exported = { session, head: session.head, headNow };
    return exportPage(exported, cursor, maxBytes, clock.now());
  },
});

const importSession = sessionVerb('import-session', {
  request: z.strictObject({
    fromLine: z.int().min(0).default(0).describe('0-based number of the first of these lines'),
    lines: z.array(z.string()).max(10_000),
    session: z.string().optional().describe("the export's first line once more, with its last one"),
  }),
  reply: z.strictObject({
    exists: z.boolean(),
    /** Lines of the export that are stored, and a digest over them. */
    lines: z.int().min(0),
    digest: z.string(),
    added: z.int().min(0),
    /** The last line has come: the session is whole. */
    isDone: z.boolean(),
  }),
  run: async (work, chunk) => {
    const { answer, head } = await change(work, work.key, restoreRequest(chunk));
    if (answer.type !== 'restored')
      throw new GreenroomError('internal', 'an import was answered with something else');
    const { lines, digest, added, isDone } = answer;
    return { exists: head.version > 0, lines, digest, added, isDone };
  },
});

export const transferVerbs = { export: exportText, 'import-session': importSession };
