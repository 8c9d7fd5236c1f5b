/** What a hook may answer: the JSON of Claude Code's contract, read and checked. What it does not know is left alone. */
import { z } from 'zod';
import type { HookEvent } from '../session/ports/hooks.ts';

/** Of texts that the model or a person is shown, in characters. */
export const MAX_TEXT = 10_000;

const text = z.string().nullish();
const flag = z.boolean().nullish();
const record = z.record(z.string(), z.unknown());

const OfEvent = z.looseObject({
  hookEventName: text,
  additionalContext: text,
  permissionDecision: z.enum(['allow', 'deny', 'ask', 'defer']).nullish(),
  permissionDecisionReason: text,
  updatedInput: record.nullish(),
  decision: z
    .looseObject({
      behavior: z.enum(['allow', 'deny']),
      updatedInput: record.nullish(),
      updatedPermissions: z.array(record).nullish(),
      message: text,
      interrupt: flag,
    })
    .nullish(),
  updatedToolOutput: z.unknown().optional(),
  sessionTitle: text,
  initialUserMessage: text,
});

const Answer = z.looseObject({
  continue: flag,
  stopReason: text,
  suppressOutput: flag,
  systemMessage: text,
  decision: z.enum(['approve', 'block']).nullish(),
  reason: text,
  hookSpecificOutput: OfEvent.nullish(),
});
export type Answer = z.output<typeof Answer>;

export type Reading =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Of what was printed: JSON where it begins with `{`. @param isCut there was more than is kept. */
export const readText = (printed: string, event: HookEvent, isCut = false): Reading => {
  const trimmed = printed.trim();
  if (trimmed === '') return { kind: 'nothing' };
  if (!trimmed.startsWith('{')) return { kind: 'plain', text: capped(trimmed) };
  if (isCut) return unreadable('it is longer than is read');
  try {
    return readValue(JSON.parse(trimmed), event);
  } catch (error) {
    return unreadable((error as Error).message);
  }
};

/** Of what a function gave. */
export const readValue = (value: unknown, event: HookEvent): Reading => {
  if (value === undefined || value === null) return { kind: 'nothing' };
  const { data, error } = Answer.safeParse(value);
  if (data === undefined) {
    const [issue] = error.issues;
    const place = issue?.path.join('.') || 'the answer';
    return unreadable(`${place}: ${issue?.message ?? 'is wrong'}`);
  }
  const named = data.hookSpecificOutput?.hookEventName;
  return named === undefined || named === null || named === event
    ? { kind: 'answer', answer: data }
    : unreadable(`hookSpecificOutput is for ${named}`);
};

const unreadable = (why: string): Reading => ({
  kind: 'unreadable',
  why: `its answer cannot be read: ${why}`,
});

export const capped = (whole: string): string =>
  whole.length <= MAX_TEXT
    ? whole
    : `${whole.slice(0, MAX_TEXT - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
