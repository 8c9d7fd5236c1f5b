/** `greenroom send`: one turn, its answer streamed to the terminal as it comes. */
import type { z } from 'zod';
import { nextStepOf } from '../../session/advice.ts';
import type { TurnRequest } from '../../session/api.ts';
import { BusyPolicy } from '../../session/turn.ts';
import { CliError, usageError } from '../failure.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { TurnPrinter } from '../turn-printer.ts';
import { collect, parseCount, parseMoney, parseWord } from '../values.ts';

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
  readonly maxSteps?: number;
  readonly maxCost?: number;
  readonly provider?: string;
}

type Request = z.input<typeof TurnRequest>;

export const registerSend = (registration: Registration): void => {
  registration.program
    .command('send <session> <prompt...>')
    .description('one turn; a prompt of - is read from the standard input')
    .option('--tag <tag>', 'tag the session', collect)
    .option('--model <name>', 'model of this turn')
    .option('--title <text>', 'title, if this turn makes the session')
    .option('--turn-id <id>', 'name of the turn: sent twice, it runs once')
    .option(
      '--on-busy <policy>',
      'while another turn runs: enqueue or reject',
      parseWord(BusyPolicy.options),
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
        const request = requestOf(await promptOf(run, words), options);
        return run.withDaemon((daemon) => print(run, daemon.turn(session, request), options));
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
  const { tag, model, title, turnId, create, onBusy, maxSteps, maxCost, provider } = options;
  const given = {
    tags: tag,
    model,
    turnId,
    onBusy,
    maxSteps,
    maxCostUsd: maxCost,
    provider,
    create: create ? undefined : false,
    session: title === undefined ? undefined : { title },
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return { prompt, ...Object.fromEntries(entries) } as Request;
};

const print = async (
  run: Invocation,
  events: AsyncIterable<Parameters<TurnPrinter['event']>[0]>,
  { stream }: Options,
): Promise<void> => {
  const printer = new TurnPrinter(run.out, stream);
  for await (const event of events) printer.event(event);
  const { finished } = printer;
  if (finished === undefined)
    throw new CliError(
      1,
      'the stream ended before the turn did',
      'greenroom turns list SESSION tells what became of it',
    );
  if (finished.status === 'completed') return;
  throw new CliError(
    finished.status === 'rejected' ? 4 : 1,
    `the turn was ${finished.status}${finished.error === undefined ? '' : `: ${finished.error.message} (${finished.error.code})`}`,
    nextStepOf(finished.error?.code ?? '') ??
      (finished.error?.retryable === true ? 'it may succeed when it is sent again' : undefined),
  );
};
