/** What a session actor can be asked and told. Only the door (`sessions.ts`) and its cache speak it. */
import { z } from 'zod';
import type { Head } from '../../model/head.ts';
import type { RunId } from '../../model/turn.ts';
import { protocol } from '../../otp/protocol.ts';
import type { Answered, SessionRequest } from '../commits/waiting-changes.ts';
import type { StepEvent, StepOutcome } from '../ports/executor.ts';
import type { Granted, Short } from '../ports/ledger.ts';
import type { ToolOutcome, ToolQuestion } from '../ports/tools.ts';

export const sessionProtocol = protocol({
  calls: {
    /** The committed head; undefined while the session does not exist. */
    get: { request: z.void(), reply: z.custom<Head | undefined>() },
    change: { request: z.custom<SessionRequest>(), reply: z.custom<Answered>() },
  },
  infos: {
    /** The cache is full: leave if nothing is under way. */
    rest: z.void(),
    durable: z.void(),
    commitFailed: z.custom<{ readonly error: unknown }>(),
    /** What the commit loop asked the journal for, with what is to be done with it; or why it cannot be had. */
    read: z.custom<{ readonly goOn: () => void }>(),
    readFailed: z.custom<{ readonly error: unknown }>(),
    stepEvents: z.custom<{ readonly run: RunId; readonly batch: readonly StepEvent[] }>(),
    stepOutcome: z.custom<{ readonly run: RunId; readonly outcome: StepOutcome }>(),
    reserved: z.custom<{
      readonly run: RunId;
      readonly bytes: number;
      readonly outcome: Granted | Short;
    }>(),
    notReserved: z.custom<{ readonly run: RunId; readonly error: unknown }>(),
    toolAsks: z.custom<{ readonly run: RunId; readonly question: ToolQuestion | undefined }>(),
    toolOutcome: z.custom<{ readonly run: RunId; readonly outcome: ToolOutcome }>(),
    flush: z.void(),
    startRun: z.void(),
    noContext: z.custom<{ readonly error: unknown }>(),
    tick: z.void(),
  },
});
export type SessionProtocol = typeof sessionProtocol;
