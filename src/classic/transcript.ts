/**
 * What classic programs ask of a list of messages, typed ones (`{ type, data }`) and those with a role alike:
 * whose session it is, what it cost, how long it is, what it is about.
 */
import type { NewMessage, TypedMessage } from './models.ts';

export type AnyMessage = NewMessage | TypedMessage;

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** A role if it has one: the API's own messages have `type: "message"` besides. */
const kindOf = (message: AnyMessage): unknown => message.role ?? message['type'];

export const isKind = (message: AnyMessage, kind: string): boolean => kindOf(message) === kind;

/** The data of the first message of a kind. */
const firstData = (messages: readonly AnyMessage[], kind: string): Fields =>
  fieldsOf(messages.find((message) => kindOf(message) === kind)?.['data']);

/** `data.session_id` of the first `system` message, else null. */
export const extractSessionId = (messages: readonly AnyMessage[]): string | null => {
  const id = firstData(messages, 'system')['session_id'];
  return typeof id === 'string' ? id : null;
};

/** `data.total_cost_usd` of the first `result`, else 0. */
export const calculateCost = (messages: readonly AnyMessage[]): number => {
  const cost = firstData(messages, 'result')['total_cost_usd'];
  return typeof cost === 'number' && Number.isFinite(cost) ? cost : 0;
};

/** Number of assistant messages. */
export const countTurns = (messages: readonly AnyMessage[]): number =>
  messages.filter((message) => kindOf(message) === 'assistant').length;

const SUMMARY_CHARACTERS = 200;

/** The first assistant text, at most 200 characters of it; null if there is none. */
export const summarize = (messages: readonly AnyMessage[]): string | null => {
  for (const message of messages) {
    const text = kindOf(message) === 'assistant' ? textIn(contentOf(message)) : '';
    if (text !== '') return firstCharacters(text, SUMMARY_CHARACTERS);
  }
  return null;
};

/** Whole characters: a surrogate pair is not cut. */
const firstCharacters = (text: string, count: number): string =>
  [...text.slice(0, 2 * count)].slice(0, count).join('');

/** Content of a message with a role, or of the API's message inside a typed one. */
const contentOf = (message: AnyMessage): unknown =>
  message.content ?? fieldsOf(fieldsOf(message['data'])['message'])['content'];

const textIn = (content: unknown): string => {
  if (typeof content === 'string') return content;
  const blocks = Array.isArray(content) ? content.map(fieldsOf) : [];
  return blocks
    .map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : ''))
    .filter((text) => text !== '')
    .join('\n');
};

/** The model that a session began with, if a `system` message tells it. */
export const modelOf = (messages: readonly AnyMessage[]): string | undefined => {
  const model = firstData(messages, 'system')['model'];
  return typeof model === 'string' ? model : undefined;
};

export interface ModelMessage {
  readonly role: 'user' | 'assistant';
  readonly content: unknown;
}

/** What of them the model is shown: users' and assistants' words. `system`, `result` and the like stay out. */
export const modelView = (messages: readonly AnyMessage[]): ModelMessage[] =>
  messages.flatMap((message) => {
    const role = kindOf(message);
    const content = contentOf(message);
    return (role === 'user' || role === 'assistant') && content !== undefined
      ? [{ role, content }]
      : [];
  });
