/** How much of its model's window a session takes, and what a compaction would sum up now. */
import { z } from 'zod';
import { given } from '../../model/given.ts';
import { COMPACT_MODES } from '../../model/words.ts';
import { tokensOf, windowOf } from '../context/window.ts';
import { modelOf } from '../machine/turn-limits.ts';
import { resting } from '../ports/pages.ts';
import { toolboxName } from '../ports/tools.ts';
import { countTokens } from '../prepare/count-tokens.ts';
import { seenContext } from '../prepare/seen-context.ts';
import { plannedCut } from '../prepare/turn-summary.ts';
import { offerOf } from '../tools/offer.ts';
import { leftMs, sessionVerb } from './verb.ts';

const tokens = z.int().min(0);

const ContextReply = z.strictObject({
  sessionId: z.string(),
  model: z.string(),
  /** Of what the next model call would send, without the next prompt: counted by the API, or estimated. */
  usedTokens: tokens,
  from: z.enum(['count', 'estimate']),
  /** Why the API did not count, where it was asked to. */
  notCounted: z.string().exactOptional(),
  /** What the estimate is made from: text, without the data of images. */
  bytes: tokens,
  windowTokens: tokens,
  compact: z.enum(COMPACT_MODES),
  compactAtTokens: tokens,
  /** What a compaction would sum up now: everything up to that entry, but for those that stay. Absent: it would do nothing. */
  next: z
    .strictObject({ throughSeq: z.int(), keptSeqs: z.array(z.int()).readonly() })
    .exactOptional(),
  /** The summary that the model sees now. */
  compaction: z
    .strictObject({ throughSeq: z.int(), fromSeq: z.int(), seq: z.int() })
    .exactOptional(),
  /** The last model call: what its bytes were in tokens. */
  lastCall: z.strictObject({ tokens, bytes: tokens }).exactOptional(),
});

const context = sessionVerb('context', {
  request: z.strictObject({
    count: z
      .boolean()
      .optional()
      .describe('`true`: the API counts the tokens; default: they are estimated'),
  }),
  reply: ContextReply,
  run: async (work, { count }) => {
    const { caller, key, rules, permissions, slabs } = work;
    const { system } = caller;
    const session = await caller.openKnown(key);
    const { head } = session;
    const model = modelOf(head, undefined, rules);
    const rest = resting(system.clock);
    const tools = offerOf(head, system.find(toolboxName)?.toolsFor(head) ?? [], {
      ...{ rules: permissions.rules, connectors: permissions.connectors },
      deferBytes: rules.deferToolsBytes,
    }).json;
    const seen = await seenContext({ system, session, model, slabs, rest });
    try {
      const { systemPrompt = '' } = head;
      const bytes = seen.bytes + Buffer.byteLength(systemPrompt) + Buffer.byteLength(tools ?? '');
      const window = windowOf(head.context, head.contextUse, rules.context);
      const counted =
        count === true
          ? await countTokens({ system, head, rules, model, tools, seen, timeoutMs: leftMs(work) })
          : undefined;
      const { compaction, contextUse } = head;
      return given<z.output<typeof ContextReply>>({
        sessionId: key.sessionId,
        model,
        usedTokens: counted?.tokens ?? tokensOf(bytes, contextUse),
        from: counted?.tokens === undefined ? 'estimate' : 'count',
        notCounted: counted?.why,
        bytes,
        windowTokens: window.tokens,
        compact: window.compact,
        compactAtTokens: window.limit,
        next: await plannedCut({ session, head, window, rest }),
        compaction: compaction && {
          throughSeq: compaction.throughSeq,
          fromSeq: compaction.fromSeq,
          seq: compaction.seq,
        },
        lastCall: contextUse && { tokens: contextUse.tokens, bytes: contextUse.bytes },
      });
    } finally {
      seen.context?.free();
    }
  },
});

export const contextVerbs = { context };
