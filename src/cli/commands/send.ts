/** `greenroom send`: one turn, its answer streamed to the terminal as it comes. */
import type { z } from 'zod';
import type { Effort, Thinking } from '../../model/answering.ts';
import { given } from '../../model/given.ts';
import { newTurnId } from '../../model/ids.ts';
import { BUSY_POLICIES, EFFORTS } from '../../model/words.ts';
import type { TurnRequest } from '../../session/verbs/turn-request.ts';
import { usageError } from '../failure.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { send } from '../sending.ts';
import { LAST, sessionNamed, sessionNamedOrAsTyped, withSession } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { TurnPrinter } from '../turn-printer.ts';
import {
  collect,
  parseAhead,
  parseCount,
  parseMoney,
  parseThinking,
  parseWord,
} from '../values.ts';

interface Options {
  readonly tag?: readonly string[];
  readonly model?: string;
  readonly title?: string;
  /** false: `--no-stream`. */
  readonly stream: boolean;
  /** false: `--no-create`. */
  readonly create: boolean;
  readonly turnId?: string;
  readonly onBusy?: string;
  readonly deliverAt?: string;
  readonly maxSteps?: number;
  readonly maxCost?: number;
  readonly thinking?: Thinking;
  readonly effort?: Effort;
  readonly provider?: string;
}

type Request = z.input<typeof TurnRequest>;

export const registerSend = (registration: Registration): void => {
  registration.program
    .command('send <session> <prompt...>')
    .description(
      'one turn; a prompt of - is read from the standard input; it may be left by Ctrl-C, the turn goes on',
    )
    .option('--tag <tag>', 'tag the session', collect)
    .option('--model <name>', 'model of this turn')
    .option('--thinking <how>', 'adaptive, off, or so many tokens', parseThinking)
    .option('--effort <level>', EFFORTS.join(', '), parseWord(EFFORTS))
    .option('--title <text>', 'title, if this turn makes the session')
    .option('--turn-id <id>', 'name of the turn: sent twice, it runs once')
    .option(
      '--on-busy <policy>',
      'while another turn is open: enqueue, reject, interrupt or rollback',
      parseWord(BUSY_POLICIES),
    )
    .option(
      '--deliver-at <moment>',
      'begin it then: 2026-11-20T07:00:00Z, or 12h for in twelve hours; the command does not wait',
      parseAhead(() => registration.shell.nowMs()),
    )
    .option('--max-steps <n>', 'model calls at most', parseCount)
    .option('--max-cost <usd>', 'money at most', parseMoney)
    .option(
      '--provider <name>',
      'who answers: anthropic or rehearsal',
      parseWord(['anthropic', 'rehearsal']),
    )
    .option('--no-create', 'fail if the session does not exist')
    .option('--no-stream', 'print the answer when it is complete')
    .action(
      act<[string, string[]], Options>(registration, async (run, [session, words], options) => {
        const { turnId = newTurnId(run.shell.nowMs()), stream: isStream } = options;
        const request = requestOf(await promptOf(run, words), { ...options, turnId });
        const printer = new TurnPrinter(run, isStream);
        const away = {
          meanwhile: `the turn ${turnId} is safe and goes on when it is back`,
          before: () => printer.breakLine(),
        };
        return run.withDaemon(
          (daemon) =>
            toSession(daemon, session, options.create, (sessionId) =>
              send(run, daemon, printer, { sessionId, turnId, request }),
            ),
          away,
        );
      }),
    );
};

const promptOf = async (run: Invocation, words: readonly string[]): Promise<string> => {
  if (words.length !== 1 || words[0] !== '-') return words.join(' ');
  const chunks: Uint8Array[] = [];
  for await (const chunk of run.shell.stdin) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') throw usageError('the standard input held no prompt');
  return text;
};

const requestOf = (prompt: string, options: Options): Request => {
  const { tag, title, create, maxCost } = options;
  const { model, turnId, onBusy, deliverAt, maxSteps, provider, thinking, effort } = options;
  const wish = given<object>({
    thinking,
    effort,
    tags: tag,
    model,
    turnId,
    onBusy,
    deliverAt,
    maxSteps,
    maxCostUsd: maxCost,
    provider,
    create: create ? undefined : false,
    session: title === undefined ? undefined : { title },
  });
  return { prompt, ...wish } as Request;
};

/** Eight digits and more of a UUID: nobody calls a new session so. */
const PART_OF_A_UUID = /^[0-9a-f]{8}(-[0-9a-f-]{0,26})?…?$/;

/**
 * As a turn makes the session that it names, the beginning of an id counts only where it can be meant as one: of a
 * UUID, cut by a table, or where no session may be made.
 */
const toSession = async (
  daemon: DaemonClient,
  words: string,
  mayCreate: boolean,
  work: (sessionId: string) => Promise<void>,
): Promise<void> => {
  if (words === LAST || words.endsWith('…')) return work(await sessionNamed(daemon, words));
  if (!mayCreate) return withSession(daemon, words, work);
  return work(PART_OF_A_UUID.test(words) ? await sessionNamedOrAsTyped(daemon, words) : words);
};
