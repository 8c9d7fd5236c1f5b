/** One query without a client: a turn of a new session, or of one that is named. */
import type { Message } from '../classic/models.ts';
import { checkedId, notFound } from '../classic/session-store.ts';
import { GreenroomError } from '../model/errors.ts';
import { newSessionId } from '../model/ids.ts';
import { systemClock } from '../otp/system-clock.ts';
import { type CheckedOptions, type ClaudeAgentOptions, checkedOptions } from './options.ts';
import { mustBePrompt } from './turn.ts';
import type { ClientParts } from './turns.ts';
import { turnsFor } from './turns-for.ts';

/**
 * The user's message, then the answer. The session is `options.resume`, made if it does not exist, or a new one. Nothing
 * happens before the first message is asked for.
 *
 * Throws `invalid_request` for an empty prompt, `invalid_settings` for a wrong option or without a key, and what the API or
 * the store threw.
 */
export const query = (
  prompt: string,
  options: ClaudeAgentOptions = {},
  parts: ClientParts = {},
): AsyncGenerator<Message, void> => {
  mustBeText(prompt);
  const checked = checkedOptions(options);
  return messagesOf(
    prompt,
    checked.resume ?? newSessionId(systemClock.now()),
    checked,
    parts,
    'new',
  );
};

/** `query` in a session that exists. Throws `session_not_found`. */
export const resume = (
  sessionId: string,
  prompt: string,
  options: ClaudeAgentOptions = {},
  parts: ClientParts = {},
): AsyncGenerator<Message, void> => {
  mustBeText(prompt);
  const checked = checkedOptions({ ...options, resume: sessionId });
  return messagesOf(prompt, sessionId, checked, parts, 'known');
};

/** The newer SDK's function of this name takes one object. */
const mustBeText = (prompt: unknown): void => {
  if (typeof prompt === 'object' && prompt !== null)
    throw new GreenroomError(
      'invalid_request',
      'query takes a text and options here; query({ prompt, options }) is the function of greenroom/agent-sdk',
    );
  mustBePrompt(prompt);
};

async function* messagesOf(
  prompt: string,
  named: string,
  options: CheckedOptions,
  parts: ClientParts,
  session: 'new' | 'known',
): AsyncGenerator<Message, void> {
  const sessionId = checkedId(named);
  const turns = turnsFor(options, parts);
  const left = new AbortController();
  try {
    await turns.open();
    if (session === 'known' && !(await turns.exists(sessionId))) throw notFound(sessionId);
    for await (const part of turns.run(sessionId, prompt, left.signal))
      if (part.type === 'message') yield part.message;
  } finally {
    await turns.close();
  }
}
