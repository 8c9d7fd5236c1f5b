/**
 * Sessions with tools under load: each turn's command writes its turn's id into a file, so that an outside ledger
 * counts how often it ran.
 */
import { existsSync, readFileSync } from 'node:fs';
import { SessionsFacade } from '../../src/index.ts';
import { withClient } from './audit.ts';
import type { Dice } from './dice.ts';
import type { Ledger, TurnNote } from './ledger.ts';

export interface Hands {
  /** Where the sessions work. */
  readonly folder: string;
  /** What commands write to. */
  readonly marks: string;
  /** Each call is such a command: the outcome that a kill meets is one. */
  readonly isAllCommands?: true;
}

export const isHands = (sessionId: string): boolean => /^(hands|asks)/.test(sessionId);

/** Those of `asks` wait for a person before each command. */
export const handsSettings = (sessionId: string, { folder }: Hands): object => ({
  workingDirectory: folder,
  permissionMode: sessionId.startsWith('asks') ? 'default' : 'bypassPermissions',
});

/** What the rehearsal answers, and how many messages the turn has then. */
export const handsPrompt = (
  turnId: string,
  { folder, marks, isAllCommands }: Hands,
  dice: Dice,
): { readonly directive: string; readonly messages: number } => {
  const bash = tool('Bash', { command: `echo ${turnId} >> ${marks}` });
  const read = tool('Read', { file_path: `${folder}/read-me.txt` });
  const glob = tool('Glob', { pattern: '*.txt' });
  const slow = tool('Bash', { command: 'sleep 0.05' });
  if (isAllCommands) return { directive: `[[rehearse: ${bash}]]`, messages: 4 };
  return (
    dice.pick([
      { directive: `[[rehearse: ${bash}]]`, messages: 4 },
      { directive: `[[rehearse: ${read} ${bash} ${glob}]]`, messages: 4 },
      { directive: `[[rehearse: ${read}]] [[rehearse: ${bash} ${slow}]]`, messages: 6 },
    ]) ?? { directive: '', messages: 2 }
  );
};

const tool = (name: string, input: object): string => `tool=${name} input=${JSON.stringify(input)}`;

/** Every command ran as often as its result says: once, never, or nobody knows. */
export const auditHands = (
  servers: string,
  ledger: Ledger,
  { marks }: Hands,
): Promise<readonly string[]> =>
  withClient(servers, async (client) => {
    const counts = countsIn(marks);
    const broken: string[] = [];
    const notes = [...ledger.turns.values()].filter(({ sessionId }) => isHands(sessionId));
    const sessions = new SessionsFacade(client);
    for (const sessionId of new Set(notes.map((note) => note.sessionId))) {
      const ofSession = notes.filter((note) => note.sessionId === sessionId);
      const said = await resultsOf(sessions, sessionId);
      for (const note of ofSession) broken.push(...faultsOf(note, counts, said));
    }
    return broken;
  });

const countsIn = (marks: string): ReadonlyMap<string, number> => {
  const lines = existsSync(marks) ? readFileSync(marks, 'utf8').split('\n').filter(Boolean) : [];
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
};

/** What the model was told of the command of each turn. */
const resultsOf = async (
  sessions: SessionsFacade,
  sessionId: string,
): Promise<ReadonlyMap<string, string>> => {
  const said = new Map<string, string>();
  const commands = new Map<string, string>();
  for (let from: number | undefined = 1; from !== undefined; ) {
    const page = await sessions.messages(sessionId, { from, limit: 1000 });
    for (const entry of page.entries) {
      if (entry.type !== 'message' || typeof entry.message.content === 'string') continue;
      for (const block of entry.message.content) {
        const { command } = (block['input'] ?? {}) as { command?: string };
        const of = /^echo (\S+) >>/.exec(command ?? '')?.[1];
        if (of !== undefined) commands.set(`${entry.turnId} ${block['id']}`, of);
        const turn = commands.get(`${entry.turnId} ${block['tool_use_id']}`);
        if (turn !== undefined && block.type === 'tool_result')
          said.set(turn, JSON.stringify(block['content'] ?? ''));
      }
    }
    from = page.nextFrom;
  }
  return said;
};

const faultsOf = (
  { turnId, finished, isAcknowledged }: TurnNote,
  counts: ReadonlyMap<string, number>,
  said: ReadonlyMap<string, string>,
): readonly string[] => {
  if (finished === undefined && !isAcknowledged) return [];
  const ran = counts.get(turnId) ?? 0;
  const told = said.get(turnId);
  if (told === undefined) return [`the model was told nothing of the command of ${turnId}`];
  const most = 1;
  if (ran > most) return [`the command of ${turnId} ran ${ran} times`];
  if (/unknown whether it ran/.test(told)) return [];
  const wanted = /does not want this to run/.test(told) ? 0 : 1;
  return ran === wanted
    ? []
    : [`the command of ${turnId} ran ${ran} times, the model heard ${told}`];
};
