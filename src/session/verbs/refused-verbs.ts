/** The verb on turns of the broker's queue that were not taken: no session has a record of most of them. */
import { z } from 'zod';
import { type RefusedTurnFacts, refusedTurnsName } from '../ports/refused-turns.ts';
import { sessionsVerb } from './verb.ts';

const text = z.string();

const RefusedTurn = z.strictObject({
  sessionId: text,
  turnId: text,
  refusedAt: z.iso.datetime(),
  code: text,
  message: text,
}) satisfies z.ZodType<RefusedTurnFacts>;

const refusedTurns = sessionsVerb('refused-turns', {
  request: z.strictObject({
    sessionId: text.min(1).max(128).optional().describe('of this one alone'),
    limit: z.int().min(1).max(200).default(50),
  }),
  reply: z.strictObject({
    /** false: there is no broker, or it is being connected. */
    hasQueue: z.boolean(),
    /** Newest first. */
    turns: z.array(RefusedTurn).readonly(),
  }),
  run: async ({ caller, context }, { sessionId, limit }) => {
    const refused = caller.system.find(refusedTurnsName);
    if (refused === undefined) return { hasQueue: false, turns: [] };
    const found = await refused.newest({ tenant: context.tenant, sessionId, limit });
    return { hasQueue: true, turns: found.map(factsOf) };
  },
});

/** What was asked stays in the broker. */
const factsOf = ({ sessionId, turnId, refusedAt, code, message }: RefusedTurnFacts) => ({
  ...{ sessionId, turnId, refusedAt, code, message },
});

export const refusedVerbs = { 'refused-turns': refusedTurns };
