/** Classic metadata in a head, and a head as classic metadata. What a head has no field for stands in `head.classic`. */
import { z } from 'zod';
import { PlausibleCount, PlausibleUsd } from '../model/bound-schemas.ts';
import { MAX_COUNT } from '../model/bounds.ts';
import type { ClassicFacts } from '../model/classic-facts.ts';
import { SerializationError } from '../model/errors.ts';
import { type Head, settableShape } from '../model/head.ts';
import { nanoUsdOf, usdOf } from '../model/money.ts';
import { plainWords } from '../model/plain-issue.ts';
import { type Usage, usageFromApi } from '../model/usage.ts';
import { DEFAULT_MODEL, type SessionMetadata } from './models.ts';

const API_NAMES = {
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  cache_creation_input_tokens: 'cacheCreationInputTokens',
  cache_read_input_tokens: 'cacheReadInputTokens',
} as const satisfies Record<string, keyof Usage>;

/** The fields of a head that metadata decide. They replace what was there before. */
export const headFields = (head: Head, metadata: SessionMetadata): Partial<Head> => {
  mustBeSettable(metadata);
  const { totalCostUsd, usage, compactionState, ...settings } = metadata;
  const total = nanoUsdOf(totalCostUsd);
  // A fork that is told to have cost less than its parent has inherited less.
  const inheritedCostNanoUsd = Math.min(head.inheritedCostNanoUsd, total);
  return {
    ...settings,
    costNanoUsd: total - inheritedCostNanoUsd,
    inheritedCostNanoUsd,
    unpricedAnswers: 0,
    usage: usageFromApi(usage),
    classic: classicFacts({
      ...head.classic,
      usage,
      compactionState: compactionState ?? undefined,
    }),
  };
};

const { model, workingDirectory, permissionMode, allowedTools, disallowedTools } = settableShape;

/** Of what classic programs may give, what a session can be set to. */
const Settable = z.looseObject({
  ...{ model, workingDirectory, permissionMode, allowedTools, disallowedTools },
  ...{ totalCostUsd: PlausibleUsd, numTurns: PlausibleCount },
  usage: z.record(z.string(), z.number().max(MAX_COUNT)),
});

/** Throws `SerializationError` for metadata that no session here can have, and names the field. */
export const mustBeSettable = (metadata: SessionMetadata): void => {
  const [issue] = Settable.safeParse(metadata, { error: plainWords }).error?.issues ?? [];
  if (issue === undefined) return;
  throw new SerializationError(`metadata: ${issue.path.map(String).join('.')}: ${issue.message}`);
};

export const mustBeDescription = (description: string | null): void => {
  const { error } = settableShape.description.safeParse(description ?? undefined, {
    error: plainWords,
  });
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) throw new SerializationError(`description: ${issue.message}`);
};

/** Without what is absent. */
const classicFacts = ({
  usage,
  compactionState,
  replacedThrough,
}: {
  readonly [Fact in keyof ClassicFacts]: ClassicFacts[Fact] | undefined;
}): ClassicFacts => ({
  ...(usage === undefined ? {} : { usage }),
  ...(compactionState === undefined ? {} : { compactionState }),
  ...(replacedThrough === undefined ? {} : { replacedThrough }),
});

export const metadataOf = (head: Head): SessionMetadata => ({
  model: head.model ?? DEFAULT_MODEL,
  workingDirectory: head.workingDirectory ?? '.',
  permissionMode: head.permissionMode ?? 'ask',
  allowedTools: [...(head.allowedTools ?? [])],
  disallowedTools: [...(head.disallowedTools ?? [])],
  totalCostUsd: usdOf(head.costNanoUsd + head.inheritedCostNanoUsd),
  numTurns: head.numTurns,
  usage: usageOf(head),
  compactionState: head.classic?.compactionState ?? null,
});

/** What was given, and what turns have used since. */
const usageOf = ({ usage, classic }: Head): Record<string, number> => {
  const given = classic?.usage ?? {};
  const then = usageFromApi(given);
  const now: Record<string, number> = { ...given };
  for (const [name, field] of Object.entries(API_NAMES)) {
    const since = usage[field] - then[field];
    if (since !== 0) now[name] = (given[name] ?? 0) + since;
  }
  return now;
};

/** Last `seq` before the first message that classic programs see. */
export const firstSeqOf = (head: Head): number => (head.classic?.replacedThrough ?? 0) + 1;
