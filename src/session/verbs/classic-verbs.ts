/**
 * The bus as a classic store: what a `SessionStore` of another process asks, the work done by the one that stands over our
 * journal. Its lists and its deletions are `search` and `delete`.
 */
import { z } from 'zod';
import { metadataOf } from '../../classic/classic-head.ts';
import {
  type CompactionState,
  type NewMessage,
  type NewMetadata,
  SessionMetadata,
} from '../../classic/models.ts';
import type { AnyMessage } from '../../classic/transcript.ts';
import { SessionId } from '../../model/id-schemas.ts';
import { TOMBSTONE_MS } from '../../model/tombstone.ts';
import { JournalSessionStore } from '../classic/journal-session-store.ts';
import { SessionReply, SessionView } from './reply-schemas.ts';
import { expectedVersion } from './settings-verbs.ts';
import { type SessionWork, sessionVerb } from './verb.ts';
import { sessionView } from './views.ts';

/** Checked by the store, as when a program in this process gives it: `serialization_failed`. */
const Foreign = z.looseObject({});

const storeOf = ({ caller, context }: SessionWork): JournalSessionStore =>
  new JournalSessionStore({
    ...{ caller, tenant: context.tenant, tombstoneMs: TOMBSTONE_MS },
    onClose: () => Promise.resolve(),
  });

const save = sessionVerb('save', {
  request: z.strictObject({
    messages: z.array(Foreign).describe('of the classic form; typed ones are kept verbatim'),
    tags: z.array(z.string()).optional(),
    description: z.string().nullable().optional(),
  }),
  reply: SessionReply,
  run: async (work, { messages, ...options }) => {
    await storeOf(work).saveSession(work.key.sessionId, messages as AnyMessage[], options);
    return { session: sessionView(await work.caller.known(work.key)) };
  },
});

const load = sessionVerb('load', {
  request: z.strictObject({
    from: z.int().min(0).default(0).describe('position of the first message'),
    to: z.int().min(0).optional().describe('position behind the last one'),
    maxBytes: z
      .int()
      .min(0)
      .max(8_000_000)
      .default(512_000)
      .describe("size of the page's messages as JSON; it has one at least"),
  }),
  reply: z.strictObject({
    session: SessionView,
    metadata: SessionMetadata,
    messages: z.array(z.looseObject({})).readonly(),
    /** Absent: that was all. */
    nextFrom: z.int().min(0).exactOptional(),
  }),
  run: async (work, range) => {
    const { head, ...page } = await storeOf(work).page(work.key.sessionId, range);
    return { session: sessionView(head), metadata: metadataOf(head), ...page };
  },
});

const classic = sessionVerb('classic', {
  request: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('create'), metadata: Foreign }),
    z.strictObject({ kind: z.literal('append'), message: Foreign, expectedVersion }),
    z.strictObject({ kind: z.literal('metadata'), metadata: Foreign, expectedVersion }),
    z.strictObject({ kind: z.literal('compaction'), state: Foreign, expectedVersion }),
    z.strictObject({ kind: z.literal('fork'), newSessionId: SessionId }),
  ]),
  reply: z.strictObject({ done: z.literal(true) }),
  run: async (work, request) => {
    const store = storeOf(work);
    const { sessionId } = work.key;
    switch (request.kind) {
      case 'create':
        await store.createSession(sessionId, request.metadata as NewMetadata);
        break;
      case 'append':
        await store.appendMessage(sessionId, request.message as NewMessage, request);
        break;
      case 'metadata':
        await store.updateMetadata(sessionId, request.metadata as NewMetadata, request);
        break;
      case 'compaction':
        await store.compactSession(sessionId, request.state as CompactionState, request);
        break;
      case 'fork':
        await store.forkSession(sessionId, request.newSessionId);
        break;
    }
    return { done: true as const };
  },
});

export const classicVerbs = { save, load, classic };
