/** What several hooks say together. Pure. */
import type { HookRun, HookVerdict } from '../session/ports/hooks.ts';
import type { Word } from './word.ts';

const STRICTEST_FIRST = ['deny', 'ask', 'allow'] as const;

/** The words in the order in which the hooks are configured, whichever of them was faster: so an answer does not change by chance. */
export const verdictOf = (words: readonly Word[], runs: readonly HookRun[]): HookVerdict => {
  const decision = STRICTEST_FIRST.find((each) => words.some((word) => word.decision === each));
  const reasons = words.filter((word) => word.decision === decision).flatMap(reasonOf);
  const last = <K extends keyof Word>(key: K): Word[K] | undefined =>
    words.findLast((word) => word[key] !== undefined)?.[key];
  return {
    decision,
    reason: decision === undefined || reasons.length === 0 ? undefined : reasons.join('\n'),
    input: decision === 'deny' ? undefined : last('input'),
    output: last('output'),
    context: words.flatMap(({ context }) => context),
    stop: words.find(({ stop }) => stop !== undefined)?.stop,
    title: last('title'),
    firstMessage: last('firstMessage'),
    permissionUpdates: decision === 'allow' ? last('permissionUpdates') : undefined,
    runs,
  };
};

const reasonOf = ({ reason }: Word): readonly string[] => (reason === undefined ? [] : [reason]);

/** Whether what was asked about goes on, by the word of this hook alone. */
export const goesOnBy = ({ decision, stop }: Word): boolean =>
  decision !== 'deny' && stop === undefined;
