/**
 * The ids of the calls that an answer asks for. The API gives each of its calls one that no other call has, and refuses every later
 * request in which two are alike. What stands in its place, as gateways to other models do, may count them anew in each answer, or give
 * two calls of one answer the same: such a call gets an id of its own before anything knows it. Pure.
 */
import type { Message } from '@anthropic-ai/sdk/resources/messages';

type Block = Message['content'][number];

/** @param messages JSON of what the answer answers: what it has as an id is taken. */
export const withOwnIds = (content: readonly Block[], messages: Uint8Array): readonly Block[] => {
  const { buffer, byteOffset, byteLength } = messages;
  const before = Buffer.from(buffer, byteOffset, byteLength);
  const given = new Set<string>();
  const isFree = (id: string) => !given.has(id) && !before.includes(`"${id}"`);
  return content.map((block) => {
    if (block.type !== 'tool_use') return block;
    const id = ownId(block.id, isFree);
    given.add(id);
    return id === block.id ? block : { ...block, id };
  });
};

const ownId = (id: unknown, isFree: (id: string) => boolean): string => {
  const plain = String(id ?? '').replace(/[^A-Za-z0-9_-]/g, '_') || 'call';
  let own = plain;
  for (let at = 2; !isFree(own); at += 1) own = `${plain}-${at}`;
  return own;
};
