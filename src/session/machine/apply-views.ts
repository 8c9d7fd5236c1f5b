/**
 * The state machine's part of forks and compactions: what changes what the model sees and copies
 * nothing. Where a fork branches off is computed in `fork.ts`, where a compaction may end in
 * `compaction.ts`.
 */

import { wellCut } from '../../model/bounds.ts';
import type { View } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { firstSeenSeq, type Head, newHead } from '../../model/head.ts';
import { segmentsOfFork } from '../../model/segments.ts';
import { addUsage } from '../../model/usage.ts';
import type { Draft } from './draft.ts';
import type { NewCompaction } from './input.ts';
import type { NewFork } from './new-fork.ts';
import { spendUnreserved } from './reserved.ts';

export const fork = (draft: Draft, { parent, atSeq, title, messageCount, ...rest }: NewFork) => {
  const { key } = draft.head;
  if (draft.head.version > 0)
    throw new GreenroomError('session_exists', `there is a session ${key.sessionId} already`);
  const { tenant, sessionId } = parent.key;
  if (tenant !== key.tenant) throw new TypeError('a fork stays with its tenant');
  const segments = segmentsOfFork(parent, atSeq);
  draft.patch({
    ...newHead(key, draft.nowMs),
    ...settingsOf(parent),
    ...(rest.workingDirectory === undefined ? {} : { workingDirectory: rest.workingDirectory }),
    // Version 1 at once: inputs that share this commit must see that it exists.
    ...{ version: 1, status: atSeq === 0 ? 'created' : 'idle', mode: 'forked' },
    title: wellCut(title ?? `Fork of ${parent.title ?? sessionId}`, MAX_TITLE),
    ...{ seq: atSeq, messageCount, parent: { sessionId, seq: atSeq } },
    ...(segments.length === 0 ? {} : { segments }),
    ...{ compaction: rest.compaction, branches: rest.branches },
    inheritedCostNanoUsd: parent.inheritedCostNanoUsd + parent.costNanoUsd,
    updatedAtMs: draft.nowMs,
  });
  for (const view of rest.views) draft.view(view);
  draft.effect({ type: 'forgetContext' });
  draft.write({ type: 'fork', origin: { parent: parent.key, parentVersion: parent.version } });
  draft.audit('forked', 'fork', { parent: sessionId, atSeq });
  draft.answer = { type: 'session' };
};

/** As of settings. */
const MAX_TITLE = 500;

/** A fork goes on as its parent would; what names the parent, and what it did, is not the fork's. */
const INHERITED = [
  ...(['description', 'summary', 'tags', 'owner', 'templateId', 'metadata', 'model'] as const),
  ...(['systemPrompt', 'maxTokens', 'workingDirectory', 'permissionMode', 'policies'] as const),
  ...(['thinking', 'effort', 'outputFormat', 'tools', 'mcpServers', 'toolsFound'] as const),
  ...(['allowedTools', 'disallowedTools', 'hooks', 'includePartialMessages', 'onBusy'] as const),
  ...(['retry', 'limits', 'provider', 'gitBranch', 'idleEndMinutes', 'fallbackModel'] as const),
  ...(['context', 'contextUse'] as const),
  ...(['approvals'] as const),
  ...(['budget', 'serverTools'] as const),
] as const satisfies readonly (keyof Head)[];

const settingsOf = (parent: Head): Partial<Head> =>
  Object.fromEntries(
    INHERITED.flatMap((name) => (parent[name] === undefined ? [] : [[name, parent[name]]])),
  );

export const compact = (draft: Draft, { throughSeq, summary, spent, by }: NewCompaction): void => {
  const { head } = draft;
  const fromSeq = throughSeq + 1;
  const openSeq = head.openTurns[0]?.seq ?? head.seq + 1;
  if (fromSeq > openSeq)
    throw new GreenroomError('invalid_state', `the turn that began at ${openSeq} is still open`);
  if (fromSeq <= firstSeenSeq(head))
    throw new GreenroomError('invalid_state', 'all of that is compacted already');
  addCompaction(draft, { throughSeq, summary });
  if (spent !== undefined) {
    spendUnreserved(draft, draft.budgets, spent.costNanoUsd ?? 0);
    draft.patch({
      usage: addUsage(head.usage, spent.usage),
      costNanoUsd: head.costNanoUsd + (spent.costNanoUsd ?? 0),
      unpricedAnswers: head.unpricedAnswers + (spent.costNanoUsd === null ? 1 : 0),
    });
  }
  draft.audit('compacted', by, { throughSeq });
  draft.answer = { type: 'session' };
};

type Summed = Omit<Extract<View, { type: 'compaction' }>, 'type' | 'fromSeq' | 'previousSeq'>;

/** A summary stands for what is before from now on, but for what is kept. */
export const addCompaction = (draft: Draft, { keptSeqs = [], ...summed }: Summed): void => {
  const { head } = draft;
  const fromSeq = summed.throughSeq + 1;
  const previousSeq = head.compaction?.seq;
  const kept = keptSeqs.length === 0 ? {} : { keptSeqs };
  draft.view({
    ...{ type: 'compaction', ...summed, ...kept, fromSeq },
    ...(previousSeq === undefined ? {} : { previousSeq }),
  });
  const { throughSeq } = summed;
  const lastCompactionTurn = head.numTurns;
  const { seq } = draft.head;
  const isServers = summed.isServers === true ? ({ isServers: true } as const) : {};
  const compaction = { seq, throughSeq, fromSeq, lastCompactionTurn, ...kept, ...isServers };
  draft.patch({ compaction });
};
