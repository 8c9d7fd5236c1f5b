/** Classic metadata in a head, and a head as classic metadata. What a head has no field for stands in `head.classic`. */
import type { Head } from '../head.ts';
import { nanoUsdOf, usdOf } from '../pricing/money.ts';
import { type Usage, usageFromApi } from '../usage.ts';
import type { ClassicFacts } from './classic-facts.ts';
import { DEFAULT_MODEL, type SessionMetadata } from './models.ts';

const API_NAMES = {
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  cache_creation_input_tokens: 'cacheCreationInputTokens',
  cache_read_input_tokens: 'cacheReadInputTokens',
} as const satisfies Record<string, keyof Usage>;

/** The fields of a head that metadata decide. They replace what was there before. */
export const headFields = (head: Head, metadata: SessionMetadata): Partial<Head> => {
  const { totalCostUsd, usage, compactionState, ...settings } = metadata;
  return {
    ...settings,
    costNanoUsd: nanoUsdOf(totalCostUsd) - head.inheritedCostNanoUsd,
    unpricedAnswers: 0,
    usage: usageFromApi(usage),
    classic: classicFacts({
      ...head.classic,
      usage,
      compactionState: compactionState ?? undefined,
    }),
  };
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
