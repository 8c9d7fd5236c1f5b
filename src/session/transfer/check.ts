/** The records of an export, checked as far as other code relies on them; what is unknown is kept. */
import { z } from 'zod';
import type { Entry } from '../entry.ts';
import { STATUSES, settableShape } from '../head.ts';
import { TurnId } from '../ids.ts';
import type { AuditRecord, StoredResponse } from '../journal.ts';
import { decodeMessage } from '../model-message.ts';
import { isTag, MAX_TAGS } from '../tags.ts';
import { CLOSED_STATUSES, type ClosedTurn, OPEN_STATUSES } from '../turn.ts';
import { type ExportedHead, ofNoStore, wrong } from './format.ts';

const count = z.int().min(0);
const time = z.number();
const usage = z.looseObject({ inputTokens: z.number(), outputTokens: z.number() });
const costNanoUsd = z.number().nullable();
const turnFacts = {
  turnId: TurnId,
  ...{ seq: count, lastSeq: count, promptHash: z.string(), acceptedAtMs: time, usage },
  ...{ costNanoUsd, steps: count, attempt: count, retries: count },
};
const error = z.looseObject({ code: z.string(), message: z.string(), retryable: z.boolean() });

const Session = z.looseObject({
  ...settableShape,
  ...{ createdAtMs: time, updatedAtMs: time, status: z.enum(STATUSES) },
  tags: z.array(z.string().refine(isTag, 'is no tag')).max(MAX_TAGS),
  ...{ seq: count, sideTranscripts: count, usage, costNanoUsd: z.number() },
  ...{ unpricedAnswers: count, inheritedCostNanoUsd: z.number(), numTurns: count },
  ...{ messageCount: count, toolCallCount: count, errorCount: count, retryCount: count },
  openTurns: z.array(z.looseObject({ ...turnFacts, status: z.enum(OPEN_STATUSES) })),
  parent: z.looseObject({ sessionId: z.string(), seq: count }).optional(),
  compaction: z.looseObject({ seq: count, throughSeq: count, fromSeq: count }).optional(),
});

const Turn = z.looseObject({
  ...turnFacts,
  ...{ status: z.enum(CLOSED_STATUSES), finishedAtMs: time, stopReason: z.string().nullable() },
  error: error.optional(),
});

const Audit = z.looseObject({
  ...{ kind: z.literal('lifecycle'), action: z.string(), atMs: time, by: z.string() },
});

const EntryFacts = z.discriminatedUnion('kind', [
  z.looseObject({
    ...{ kind: z.literal('message'), seq: count, atMs: time },
    ...{ role: z.enum(['user', 'assistant']), turnId: TurnId.optional() },
  }),
  z.looseObject({ kind: z.literal('imported'), seq: count, atMs: time }),
  z.looseObject({
    ...{ kind: z.literal('view'), seq: count, atMs: time },
    view: z.discriminatedUnion('type', [
      z.looseObject({
        ...{ type: z.literal('compaction'), throughSeq: count, summary: z.string() },
      }),
      z.looseObject({
        ...{ type: z.literal('rollback'), fromSeq: count, throughSeq: count, turnId: z.string() },
      }),
      z.looseObject({
        ...{ type: z.literal('repair'), afterSeq: count, toolUseIds: z.array(z.string()) },
      }),
    ]),
  }),
]);

/** Of a SHA-256 in base64url. */
const HASH = /^[A-Za-z0-9_-]{43}$/;
const Response = z
  .looseObject({ responseKey: z.string().max(1_000), hashed: z.boolean().optional() })
  .refine(({ hashed, responseKey }) => hashed !== true || HASH.test(responseKey), 'is no hash');

const check = <T>(schema: z.ZodType, value: T, number: number): T => {
  const { success, error: found } = schema.safeParse(value);
  if (success) return value;
  const [issue] = found?.issues ?? [];
  throw wrong(number, `is wrong: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
};

export const mustBeSession = (session: ExportedHead): ExportedHead =>
  ofNoStore(check(Session, session, 0));
export const mustBeTurn = (turn: ClosedTurn, number: number): ClosedTurn =>
  check(Turn, turn, number);
export const mustBeAudit = (audit: AuditRecord, number: number): AuditRecord =>
  check(Audit, audit, number);
export const mustBeResponse = (response: StoredResponse, number: number): StoredResponse =>
  check(Response, response, number);

/** A message must be one for the model too: it is sent as it is. */
export const mustBeEntry = (entry: Entry, number: number): Entry => {
  check(EntryFacts, entry, number);
  if (entry.kind !== 'message') return entry;
  try {
    const { role, content } = decodeMessage(entry.body);
    if (role === entry.role && content.every((block) => typeof block.type === 'string'))
      return entry;
  } catch {
    // said below
  }
  throw wrong(number, 'holds no message');
};
