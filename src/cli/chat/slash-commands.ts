/** What begins with `/` in a chat: about the session, not to the model. `//` sends a message that begins with one. */
import { codeOf } from '../../model/errors.ts';
import { newSessionId } from '../../model/ids.ts';
import { guess } from '../../platform/guess.ts';
import { usageError } from '../failure.ts';
import { grouped, money, several } from '../format.ts';
import { sessionNamed } from '../session-name.ts';
import { oneLine } from '../width.ts';
import type { Conversation } from './conversation.ts';

interface SlashCommand {
  readonly usage: string;
  readonly does: string;
  /** `'leave'`: the chat is over. */
  run(chat: Conversation, words: string): Promise<'leave' | undefined>;
}

/** Sessions that `/search` shows. */
const MAX_FOUND = 20;

/** Says it, and goes on. */
const says =
  (work: (chat: Conversation, words: string) => Promise<string>): SlashCommand['run'] =>
  async (chat, words) => {
    chat.run.out.text(`${await work(chat, words)}\n`);
    return undefined;
  };

export const SLASH_COMMANDS: Readonly<Record<string, SlashCommand>> = {
  help: {
    usage: '/help',
    does: 'this list',
    run: says(async () => helpText()),
  },
  model: {
    usage: '/model [NAME]',
    does: 'which model answers; with a name: that one from now on',
    run: says(async (chat, name) => {
      if (name !== '') chat.model = name;
      return chat.model ?? String((await view(chat))?.model ?? 'the daemon’s own');
    }),
  },
  tags: {
    usage: '/tags [TAG …] [-TAG …]',
    does: 'the tags; adds those that are named, takes those with - away',
    run: says(async (chat, words) => {
      const tags = words.split(/\s+/).filter((word) => word !== '');
      const gone = tags.flatMap((tag) => (tag.startsWith('-') ? [tag.slice(1)] : []));
      const added = tags.filter((tag) => !tag.startsWith('-'));
      const { sessionId, daemon } = chat;
      if (added.length > 0) await daemon.session(sessionId, 'tag', { tags: added });
      if (gone.length > 0) await daemon.session(sessionId, 'untag', { tags: gone });
      return (await mustView(chat)).tags.join(' ') || 'none';
    }),
  },
  title: {
    usage: '/title TEXT',
    does: 'gives the session another title',
    run: says(async (chat, title) => {
      if (title === '') throw usageError('a title has words', '/title TEXT');
      await chat.daemon.session(chat.sessionId, 'update', { title });
      return title;
    }),
  },
  fork: {
    usage: '/fork [TITLE]',
    does: 'goes on in a copy; this session stays as it is',
    run: says(async (chat, title) => {
      const wish = title === '' ? {} : { title };
      const { session } = await chat.daemon.session(chat.sessionId, 'fork', wish);
      chat.sessionId = session.sessionId;
      return `now in ${session.sessionId}`;
    }),
  },
  compact: {
    usage: '/compact',
    does: 'lets a summary stand in for what was said so far',
    run: says(async (chat) => {
      await chat.daemon.session(chat.sessionId, 'compact', {});
      return 'compacted; the transcript still has everything';
    }),
  },
  cost: {
    usage: '/cost',
    does: 'what the session has cost',
    run: says(async (chat) => {
      const session = await mustView(chat);
      const { totalCostUsd, knownCostUsd, numTurns, usage } = session;
      const tokens = `${grouped(usage.inputTokens)} in, ${grouped(usage.outputTokens)} out`;
      return `${money(totalCostUsd, knownCostUsd)}, ${several(numTurns, 'turn')}, tokens ${tokens}`;
    }),
  },
  search: {
    usage: '/search QUERY',
    does: 'finds sessions, as greenroom sessions search does',
    run: says(async ({ daemon, run }, q) => {
      const { sessions } = await daemon.sessions('search', { q, limit: MAX_FOUND });
      if (sessions.length === 0) return 'nothing was found';
      return sessions
        .map(({ sessionId, title = '' }) => oneLine(`${sessionId} ${title}`, run.out.width))
        .join('\n');
    }),
  },
  resume: {
    usage: '/resume ID',
    does: 'goes on in another session',
    run: says(async (chat, words) => {
      chat.sessionId = await sessionNamed(chat.daemon, words);
      return `now in ${chat.sessionId}`;
    }),
  },
  new: {
    usage: '/new',
    does: 'begins another session',
    run: says(async (chat) => {
      chat.sessionId = newSessionId(chat.run.shell.nowMs());
      return `now in ${chat.sessionId}`;
    }),
  },
  quit: {
    usage: '/quit',
    does: 'leaves; so do Ctrl-D, and Ctrl-C twice',
    run: async () => 'leave',
  },
};

/** @param line begins with `/`. Throws a usage error for a command that is none. */
export const runSlashCommand = async (
  chat: Conversation,
  line: string,
): Promise<'leave' | undefined> => {
  const [, name = '', words = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? [];
  const command = Object.hasOwn(SLASH_COMMANDS, name) ? SLASH_COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(chat, words.trim());
  throw usageError(
    `there is no /${name}${guess(name, Object.keys(SLASH_COMMANDS))}`,
    '/help lists what there is; // begins a message with /',
  );
};

const helpText = (): string => {
  const commands = Object.values(SLASH_COMMANDS);
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  const lines = commands.map(({ usage, does }) => `${usage.padEnd(width)}  ${does}`);
  return [...lines, 'A line that ends with \\ goes on. Ctrl-C cancels a turn.'].join('\n');
};

/** Undefined: the session begins with its first turn. */
const view = async (chat: Conversation) => {
  try {
    return (await chat.daemon.session(chat.sessionId, 'get', {})).session;
  } catch (error) {
    if (codeOf(error) === 'session_not_found') return undefined;
    throw error;
  }
};

const mustView = async (chat: Conversation) =>
  (await chat.daemon.session(chat.sessionId, 'get', {})).session;
