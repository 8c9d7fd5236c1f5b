/** The results of tool calls as the model reads them. */
import type { OpenCall } from '../../model/turn.ts';
import type { Results } from './input.ts';

/** Undefined: the call has a result, which is not at hand. */
export const blockOf = (call: OpenCall, results: Results | undefined): Uint8Array | undefined => {
  if (call.state !== 'failed') return results?.get(call.toolUseId);
  const { toolUseId, message } = call;
  return Buffer.from(
    JSON.stringify({
      ...{ type: 'tool_result', tool_use_id: toolUseId, is_error: true, content: message },
    }),
  );
};

const OPENING = Buffer.from('{"role":"user","content":[');
const COMMA = Buffer.from(',');
const CLOSING = Buffer.from(']}');

/** A user message of blocks that are JSON already. */
export const messageOf = (blocks: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([
    OPENING,
    ...blocks.flatMap((block, at) => (at === 0 ? [block] : [COMMA, block])),
    CLOSING,
  ]);
