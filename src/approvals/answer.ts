/** What `canUseTool` answered, as the verb `approve` takes it. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Understood } from './can-use-tool.ts';

/** One call that waits, as the verb `asked` describes it. */
export interface Asked {
  readonly approvalId: string;
  readonly turnId: string;
  readonly toolUseId: string;
  readonly toolName: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly commands: readonly string[];
  readonly files: readonly string[];
  readonly suggestions: readonly string[];
  /** What the tool asks, while it runs; absent: whether it may run is asked. */
  readonly question?: object;
}

export interface Answer {
  readonly approvalId: string;
  readonly decision: 'allow' | 'deny';
  readonly input?: Record<string, unknown>;
  readonly rules?: string[];
  readonly reason?: string;
  readonly interrupt?: boolean;
}

/** Characters of a denial that the model reads. */
const MAX_REASON = 2_000;

export const answerFor = ({ approvalId, input }: Asked, answer: Understood): Answer => {
  if (answer.behavior === 'deny') {
    const { message, interrupt } = answer;
    return { approvalId, decision: 'deny', reason: message.slice(0, MAX_REASON), interrupt };
  }
  const { rules } = answer;
  // The same input again is not another one: what was decided about its file still holds.
  const isChanged = answer.input !== undefined && !isDeepStrictEqual(answer.input, input);
  return {
    ...{ approvalId, decision: 'allow' },
    ...(isChanged ? { input: { ...answer.input } } : {}),
    ...(rules.length === 0 ? {} : { rules: [...rules] }),
  };
};
