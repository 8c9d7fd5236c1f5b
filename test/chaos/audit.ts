/** Compares a running daemon with the ledger of what was acknowledged, over the bus: every broken promise is one sentence. */
import { connectClient } from '../../src/client/client.ts';
import { type EntryView, SessionsFacade } from '../../src/index.ts';
import { until } from './daemon-process.ts';
import type { AckedTurn, Ledger } from './load.ts';

type Message = Extract<EntryView, { type: 'message' }>;

export const audit = async (servers: string, ledger: Ledger): Promise<readonly string[]> => {
  const client = await connectClient({
    servers,
    prefix: 'greenroom',
    tenant: 'default',
    creds: undefined,
  });
  try {
    return await auditWith(new SessionsFacade(client), ledger);
  } finally {
    await client.close();
  }
};

const auditWith = async (sessions: SessionsFacade, ledger: Ledger): Promise<readonly string[]> => {
  const open = ['queued', 'running', 'waiting'] as const;
  const stuck = () => sessions.count({ status: [...open] }).then(({ count }) => count > 0);
  const broken: string[] = [];
  await until(async () => !(await stuck()), 'every turn to finish', 60_000).catch((error: Error) =>
    broken.push(error.message),
  );
  const ids = (await sessions.search({ limit: 1000 })).sessions.map(({ sessionId }) => sessionId);
  for (const sessionId of ids) broken.push(...(await auditSession(sessions, sessionId, ledger)));
  const known = new Set(ids);
  for (const turn of ledger.turns.values())
    if (!known.has(turn.sessionId)) broken.push(`session ${turn.sessionId} is lost`);
  return broken;
};

const auditSession = async (
  sessions: SessionsFacade,
  sessionId: string,
  ledger: Ledger,
): Promise<string[]> => {
  const broken: string[] = [];
  const say = (what: string) => void broken.push(`${sessionId}: ${what}`);
  const entries = await allMessages(sessions, sessionId);
  entries.forEach((entry, at) => {
    if (entry.seq !== at + 1) say(`entry ${at + 1} has seq ${entry.seq}`);
  });
  const byTurn = new Map<string, Message[]>();
  for (const entry of entries)
    if (entry.turnId !== undefined)
      byTurn.set(entry.turnId, [...(byTurn.get(entry.turnId) ?? []), entry]);
  for (const turn of ledger.turns.values())
    if (turn.sessionId === sessionId)
      for (const what of await auditTurn(sessions, turn, byTurn.get(turn.turnId))) say(what);
  for (const [turnId, { sessionId: of }] of ledger.published)
    if (of === sessionId && byTurn.get(turnId)?.length !== 2)
      say(`published turn ${turnId} has ${byTurn.get(turnId)?.length ?? 0} messages, not 2`);
  for (const what of await auditHead(sessions, sessionId, entries, byTurn.size, ledger)) say(what);
  return broken;
};

const auditTurn = async (
  sessions: SessionsFacade,
  turn: AckedTurn,
  entries: readonly Message[] = [],
): Promise<string[]> => {
  const { turnId, sessionId, finished, prompt } = turn;
  const record = await sessions.turnStatus(sessionId, turnId).catch(() => undefined);
  if (record === undefined) return [`acknowledged turn ${turnId} is lost`];
  const broken: string[] = [];
  if (record.status !== 'completed')
    broken.push(`turn ${turnId} is ${record.status} ${JSON.stringify(record.error)}`);
  if (entries.length !== 2) broken.push(`turn ${turnId} has ${entries.length} messages, not 2`);
  if (entries[0]?.message.content !== prompt) broken.push(`turn ${turnId} has another prompt`);
  if (turn.seq !== 0 && entries[0]?.seq !== turn.seq)
    broken.push(`turn ${turnId} was accepted as entry ${turn.seq} and is ${entries[0]?.seq}`);
  if (finished !== undefined && finished.costUsd !== record.costUsd)
    broken.push(`turn ${turnId} was told as $${finished.costUsd} and is $${record.costUsd}`);
  return broken;
};

const auditHead = async (
  sessions: SessionsFacade,
  sessionId: string,
  entries: readonly Message[],
  turns: number,
  ledger: Ledger,
): Promise<string[]> => {
  const head = await sessions.get(sessionId);
  const broken: string[] = [];
  const output = entries.reduce((sum, entry) => sum + (entry.usage?.outputTokens ?? 0), 0);
  const cost = entries.reduce((sum, entry) => sum + (entry.costUsd ?? 0), 0);
  if (head.numTurns !== turns)
    broken.push(`the head counts ${head.numTurns} turns, the entries ${turns}`);
  if (head.messageCount !== entries.length)
    broken.push(`the head counts ${head.messageCount} messages, there are ${entries.length}`);
  if (head.usage.outputTokens !== output)
    broken.push(`the head counts ${head.usage.outputTokens} tokens, the entries ${output}`);
  if (Math.abs((head.totalCostUsd ?? 0) - cost) > 1e-9)
    broken.push(`the head says $${head.totalCostUsd}, the entries $${cost}`);
  for (const tag of ledger.tags.get(sessionId) ?? [])
    if (!head.tags.includes(tag)) broken.push(`acknowledged tag ${tag} is lost`);
  const texts = entries.map((entry) => entry.message.content);
  for (const text of ledger.appended.get(sessionId) ?? [])
    if (texts.filter((known) => known === text).length !== 1)
      broken.push(
        `appended ${text} is there ${texts.filter((known) => known === text).length} times`,
      );
  return broken;
};

const allMessages = async (sessions: SessionsFacade, sessionId: string): Promise<Message[]> => {
  const entries: Message[] = [];
  for (let from: number | undefined = 1; from !== undefined; ) {
    const page = await sessions.messages(sessionId, { from, limit: 1000, includePartial: true });
    entries.push(...page.entries.filter((entry) => entry.type === 'message'));
    from = page.nextFrom;
  }
  return entries;
};
