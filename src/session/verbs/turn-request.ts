/** What a turn is asked for with, by all of its ways in: the queue, `ask`, and programs in the same process. */
import { z } from 'zod';
import { settableShape } from '../../model/head.ts';
import { turnRequestShape } from '../../model/turn.ts';

export const TurnRequest = z.strictObject({
  ...turnRequestShape,
  session: z
    .strictObject(settableShape)
    .optional()
    .describe('[settings](settings.md) of a session that this turn makes; ignored if it exists'),
});
export type TurnRequest = z.output<typeof TurnRequest>;
