/** The program of the historian's thread: a history in, the model's view of it out. It keeps nothing (P4). */
import { type ModelMessagesOptions, modelMessages } from '../../session/context/model-messages.ts';
import { sharedMemory } from '../../session/memory/slabs.ts';
import { type PackedHistory, unpackHistory } from './packed-history.ts';

export interface HistoryTask {
  readonly history: PackedHistory;
  readonly options: ModelMessagesOptions;
}

const COMMA = 0x2c;

/** The messages, joined by commas, in shared memory. */
export const build = ({ history, options }: HistoryTask): Uint8Array =>
  joined(modelMessages(unpackHistory(history), options).messages);

const joined = (messages: readonly Uint8Array[]): Uint8Array => {
  const size = messages.reduce((sum, message) => sum + message.byteLength + 1, 0);
  const bytes = new Uint8Array(sharedMemory(size));
  let at = 0;
  for (const message of messages) {
    if (at > 0) bytes[at++] = COMMA;
    bytes.set(message, at);
    at += message.byteLength;
  }
  return bytes.subarray(0, at);
};
