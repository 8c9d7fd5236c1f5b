/** `greenroom chat`: a conversation at a terminal. */
import { codeOf } from '../../model/errors.ts';
import { newSessionId } from '../../model/ids.ts';
import { Conversation } from '../chat/conversation.ts';
import { runSlashCommand } from '../chat/slash-commands.ts';
import { failureOf, usageError } from '../failure.ts';
import { money, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { isTalk, talkLines } from '../message-text.ts';
import { newest, sessionNamed, sessionNamedOrAsTyped } from '../session-name.ts';
import type { DaemonClient, Shell } from '../shell.ts';
import { collect } from '../values.ts';

interface Options {
  readonly continue?: true;
  readonly resume?: string;
  readonly model?: string;
  readonly tag?: readonly string[];
}

/** Entries that are shown of a session that goes on. */
const SHOWN = 2;
/** Prompts that the arrow keys find. */
const MAX_HISTORY = 200;

export const registerChat = (registration: Registration): void => {
  registration.program
    .command('chat [session]')
    .description('a conversation at this terminal; a new one, unless a session is named')
    .option('--continue', 'go on with the session that changed last')
    .option('--resume <session>', 'go on with this one, which must be there')
    .option('--model <name>', 'model of these turns')
    .option('--tag <tag>', 'tag the session', collect)
    .action(
      act<[string | undefined], Options>(registration, async (run, [session], options) => {
        const read = readerOf(run, session, options);
        await run.withDaemon(async (daemon) => {
          const chat = new Conversation(
            run,
            daemon,
            await sessionFor(run, daemon, session, options),
          );
          chat.model = options.model;
          await greet(chat);
          if (options.tag !== undefined) await tag(chat, options.tag);
          await converse(chat, read);
        });
      }),
    );
};

const readerOf = (
  { shell, out }: Invocation,
  session: string | undefined,
  { continue: isContinue, resume }: Options,
): NonNullable<Shell['readMessage']> => {
  const named = [session, resume, isContinue].filter((each) => each !== undefined);
  if (named.length > 1) throw usageError('name one session', 'SESSION, --resume ID, or --continue');
  if (shell.readMessage === undefined || out.isJson)
    throw usageError('a chat needs a terminal', 'greenroom send SESSION PROMPT works without one');
  return shell.readMessage;
};

const sessionFor = (
  { shell: { nowMs } }: Invocation,
  daemon: DaemonClient,
  session: string | undefined,
  { continue: isContinue, resume }: Options,
): Promise<string> => {
  if (isContinue === true) return newest(daemon);
  if (resume !== undefined) return sessionNamed(daemon, resume);
  return session === undefined
    ? Promise.resolve(newSessionId(nowMs()))
    : sessionNamedOrAsTyped(daemon, session);
};

const greet = async (chat: Conversation): Promise<void> => {
  const { run, daemon, sessionId } = chat;
  const { out } = run;
  try {
    const { session } = await daemon.session(sessionId, 'get', {});
    const { title, numTurns, totalCostUsd, knownCostUsd } = session;
    const cost = money(totalCostUsd, knownCostUsd);
    out.note(`${sessionId}  ${title ?? ''}  ${several(numTurns, 'turn')}, ${cost}`);
    await recall(chat);
  } catch (error) {
    if (codeOf(error) !== 'session_not_found') throw error;
    out.note(`${sessionId} begins with your first message`);
  }
  out.note('/help lists commands, Ctrl-D leaves');
};

/** The end of the transcript, and earlier prompts for the arrow keys. */
const recall = async ({ daemon, sessionId, history, run }: Conversation): Promise<void> => {
  const wish = { order: 'desc', limit: MAX_HISTORY } as const;
  const { entries } = await daemon.session(sessionId, 'messages', wish);
  for (const entry of entries)
    if (entry.type === 'message' && entry.message.role === 'user') {
      const { content } = entry.message;
      if (typeof content === 'string' && !history.includes(content)) history.push(content);
    }
  for (const entry of entries.filter(isTalk).slice(0, SHOWN).reverse())
    run.out.text(talkLines(entry, run.out));
};

const tag = async ({ daemon, sessionId }: Conversation, tags: readonly string[]): Promise<void> => {
  try {
    await daemon.session(sessionId, 'tag', { tags: [...tags] });
  } catch (error) {
    if (codeOf(error) !== 'session_not_found') throw error;
    await daemon.session(sessionId, 'create', { tags: [...tags] });
  }
};

const converse = async (
  chat: Conversation,
  read: NonNullable<Shell['readMessage']>,
): Promise<void> => {
  const { out } = chat.run;
  let isLeaving = false;
  while (true) {
    const typed = await read('> ', chat.history);
    if (typed.type === 'ended' || (typed.type === 'interrupted' && isLeaving)) break;
    isLeaving = typed.type === 'interrupted';
    if (typed.type === 'interrupted') out.note('Ctrl-C once more leaves');
    else if (typed.text.trim() !== '' && (await answer(chat, typed.text)) === 'leave') break;
  }
  out.note(`go on: ${chat.run.typed(`chat --resume ${chat.sessionId}`)}`);
};

const answer = async (chat: Conversation, text: string): Promise<'leave' | undefined> => {
  const { history, run } = chat;
  if (history[0] !== text) history.unshift(text);
  try {
    if (!text.startsWith('/')) await chat.say(text);
    else if (text.startsWith('//')) await chat.say(text.slice(1));
    else return await runSlashCommand(chat, text);
  } catch (error) {
    const { message, nextStep } = failureOf(run.hideSecrets(error));
    run.out.note(nextStep === undefined ? message : `${message}\n  next: ${nextStep}`);
  }
  return undefined;
};
