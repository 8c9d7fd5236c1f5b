/** Hooks that are services on the bus: asked with what a command would read, answering with what it would print. */
import { codeOf } from '../model/errors.ts';
import { type Bus, busName } from '../session/ports/bus.ts';
import type { Work } from './hook.ts';
import { couldNotStart, messageOf, type Run } from './runner.ts';
import type { Outcome } from './word.ts';

/** @param find asked each time: the connection may have been made anew. */
export const runOverBus = async (
  find: () => Bus | undefined,
  { subject }: Extract<Work, { kind: 'nats' }>,
  { json, timeoutMs }: Run,
): Promise<Outcome> => {
  const bus = find();
  if (bus === undefined) return couldNotStart(`there is no bus to ask ${subject} on (${busName})`);
  try {
    const { text, fault } = await bus.ask(subject, json, timeoutMs);
    if (fault !== undefined) return { kind: 'failed', ended: 'error', why: fault };
    return { kind: 'text', text };
  } catch (error) {
    return codeOf(error) === 'deadline_exceeded'
      ? { kind: 'failed', ended: 'timeout', why: messageOf(error) }
      : couldNotStart(messageOf(error));
  }
};
