/** What the model sees of transcript lines, in short: `user hi`, `assistant call:t1`, `user result:t1!` for an error. */
import {
  type ModelMessagesOptions,
  modelMessages,
} from '../../src/session/context/model-messages.ts';

export interface Block {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly tool_use_id?: string;
  readonly is_error?: boolean;
  readonly content?: unknown;
  readonly signature?: string;
}

export interface Message {
  readonly role: string;
  readonly content: readonly Block[];
}

/** @param lines of one transcript, in file order. */
export const seenOf = (
  lines: readonly Uint8Array[],
  options: ModelMessagesOptions = {},
): Message[] => {
  const entries = lines.map((body, at) => ({ kind: 'imported' as const, seq: at + 1, body }));
  const { messages } = modelMessages(entries, options);
  return messages.map((message) => JSON.parse(new TextDecoder().decode(message)));
};

export const short = (messages: readonly Message[]): string[] =>
  messages.map(({ role, content }) => [role, ...content.map(shortBlock)].join(' '));

const shortBlock = (block: Block): string => {
  if (block.type === 'text') return block.text ?? '';
  if (block.type === 'tool_use') return `call:${block.id}`;
  if (block.type === 'tool_result')
    return `result:${block.tool_use_id}${block.is_error === true ? '!' : ''}`;
  return block.type;
};
