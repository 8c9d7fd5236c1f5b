/**
 * What the server does about long prompts when it is asked to (`context_management`, a beta): it sums up what came before,
 * and the answer begins with that; it leaves old results of tools out. Only so much of it as can be seen from outside.
 */
import type { AnswerBlock, MessageAnswer } from './answer.ts';
import { isObject, type Json, objectsOf } from './request-json.ts';
import { tokensOfBytes } from './tokens.ts';

type Refuse = (message: string) => never;

const COMPACT = 'compact_20260112';
const CLEAR = 'clear_tool_uses_20250919';
const BETAS: Readonly<Record<string, string>> = {
  [COMPACT]: 'compact-2026-01-12',
  [CLEAR]: 'context-management-2025-06-27',
};
const LEAST_TRIGGER = 50_000;
/** As the API's, where the request names none. */
const USUAL_TRIGGER = 150_000;

const editsOf = ({ context_management: asked }: Json): readonly Json[] =>
  isObject(asked) ? objectsOf(asked.edits) : [];

/** @param betas what the header names. */
export const checkContextManagement = (
  body: Json,
  betas: readonly string[],
  refuse: Refuse,
): void => {
  if (body.context_management === undefined) return;
  for (const [i, { type, trigger }] of editsOf(body).entries()) {
    const beta = BETAS[String(type)];
    if (beta === undefined) refuse(`context_management.edits.${i}.type: unknown edit`);
    else if (!betas.includes(beta)) refuse(`context_management: Extra inputs are not permitted`);
    const value = isObject(trigger) ? Number(trigger.value) : USUAL_TRIGGER;
    if (type === COMPACT && value < LEAST_TRIGGER)
      refuse(
        `context_management.edits.${i}.trigger.value: Input should be greater than or equal to ${LEAST_TRIGGER}`,
      );
  }
};

export interface Managed {
  readonly answer: MessageAnswer;
  readonly applied: readonly object[];
}

/** What of the request's edits applies, and the answer with it. */
export const managed = (answer: MessageAnswer, body: Json, tokens: number): Managed => {
  const edits = editsOf(body);
  const cleared = edits.filter((edit) => edit.type === CLEAR).flatMap((edit) => clear(edit, body));
  const compaction = edits.find(({ type }) => type === COMPACT);
  const trigger = isObject(compaction?.trigger) ? Number(compaction.trigger.value) : USUAL_TRIGGER;
  if (compaction === undefined || tokens < trigger) return { answer, applied: cleared };
  const summary = `Server summary of about ${tokens} tokens`;
  const block: AnswerBlock = {
    type: 'as_it_is',
    block: { type: 'compaction', content: summary, encrypted_content: 'c2VydmVy' },
  };
  const output = tokensOfBytes(summary.length);
  const usage = { input_tokens: output, output_tokens: 10, ...answer.usage };
  const iterations = [
    { type: 'compaction', input_tokens: tokens, output_tokens: output },
    { type: 'message', ...usage },
  ];
  return {
    answer: { ...answer, content: [block, ...answer.content], usage: { ...usage, iterations } },
    applied: [...cleared, { type: COMPACT }],
  };
};

const clear = ({ trigger, keep }: Json, body: Json): readonly object[] => {
  const results = objectsOf(body.messages)
    .flatMap(({ content }) => objectsOf(content))
    .filter(({ type }) => type === 'tool_result');
  const most = isObject(trigger) ? Number(trigger.value) : Infinity;
  const kept = isObject(keep) ? Number(keep.value) : 0;
  if (results.length <= most) return [];
  const old = results.slice(0, results.length - kept);
  const bytes = old.reduce((sum, block) => sum + JSON.stringify(block).length, 0);
  return [
    { type: CLEAR, cleared_tool_uses: old.length, cleared_input_tokens: tokensOfBytes(bytes) },
  ];
};
