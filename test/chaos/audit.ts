/**
 * Compares a running daemon with the ledger of what was acknowledged, over the bus: every broken
 * promise is one sentence.
 */
import { type Client, connectClient } from '../../src/client/client.ts';
import { type SessionSummary, SessionsFacade } from '../../src/index.ts';
import { SessionAudit } from './audit-session.ts';
import type { Ledger } from './ledger.ts';
import { until } from './waiting.ts';

const OPEN = ['queued', 'running', 'waiting'] as const;
const AT_ONCE = 8;

/** Everything of the ledger is in the daemon, once, and the daemon agrees with itself. */
export const audit = (servers: string, ledger: Ledger): Promise<readonly string[]> =>
  withClient(servers, (client) => auditWith(new SessionsFacade(client), ledger));

/**
 * Waits until no turn is open, without asking any session anything: recovery has to do it alone. Only what waits for a
 * person is answered.
 */
export const awaitRest = (servers: string, limitMs: number): Promise<readonly string[]> =>
  withClient(servers, async (client) => {
    const sessions = new SessionsFacade(client);
    try {
      await until(() => isQuiet(sessions), 'recovered turns to finish', limitMs);
      return [];
    } catch (error) {
      const { sessions: stuck } = await sessions.search({ status: [...OPEN] });
      return [`${(error as Error).message}: ${stuck.map(({ sessionId }) => sessionId)}`];
    }
  });

const isQuiet = async (sessions: SessionsFacade): Promise<boolean> => {
  await approveAll(sessions);
  return (await sessions.count({ status: [...OPEN] })).count === 0;
};

/** Allows what waits. One that was answered meanwhile is no fault. */
export const approveAll = async (sessions: SessionsFacade): Promise<void> => {
  const { approvals } = await sessions.approvals();
  for (const { sessionId, approvalId } of approvals)
    await sessions.approve(sessionId, { approvalId, decision: 'allow' }).catch(() => undefined);
};

export const withClient = async <T>(
  servers: string,
  use: (client: Client) => Promise<T>,
): Promise<T> => {
  const client = await connectClient({ servers });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
};

/** What the broker holds is the daemon's as soon as it can take it: right after a restart that is a moment. */
const awaitTaken = async (sessions: SessionsFacade, ledger: Ledger): Promise<void> => {
  const missing = new Set([...ledger.turns.values()].filter((note) => note.isAcknowledged));
  const isTaken = async () => {
    for (const note of missing) {
      const isKnown = await sessions.turnStatus(note.sessionId, note.turnId).then(
        () => true,
        () => false,
      );
      if (!isKnown) return false;
      missing.delete(note);
    }
    return true;
  };
  await until(isTaken, 'acknowledged turns to be taken', 10_000).catch(() => undefined); // the audit names them
};

const auditWith = async (sessions: SessionsFacade, ledger: Ledger): Promise<readonly string[]> => {
  await awaitTaken(sessions, ledger);
  // One that the broker held may ask a person only now, when the load that answered such is over.
  await until(() => isQuiet(sessions), 'every turn to finish');
  const rows = await allRows(sessions);
  const broken = [...ledger.complaints, ...lostSessions(rows, ledger)];
  const { count } = await sessions.count({});
  if (count !== rows.length) broken.push(`count says ${count} sessions, search ${rows.length}`);
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const audits = rows
      .slice(at, at + AT_ONCE)
      .map((row) => new SessionAudit(sessions, row, ledger).run());
    broken.push(...(await Promise.all(audits)).flat());
  }
  return broken;
};

const allRows = async (sessions: SessionsFacade): Promise<SessionSummary[]> => {
  const rows: SessionSummary[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; ) {
    isFirst = false;
    const from = cursor === undefined ? {} : { cursor };
    const page = await sessions.search({ sortBy: 'createdAt', limit: 1000, ...from });
    rows.push(...page.sessions);
    cursor = page.nextCursor;
  }
  return rows;
};

const lostSessions = (rows: readonly SessionSummary[], ledger: Ledger): string[] => {
  const known = new Set(rows.map(({ sessionId }) => sessionId));
  const acknowledged = [...ledger.turns.values(), ...ledger.tags, ...ledger.appended]
    .filter((note) => note.isAcknowledged)
    .map(({ sessionId }) => sessionId);
  return [...new Set(acknowledged)]
    .filter((sessionId) => !known.has(sessionId))
    .map((sessionId) => `session ${sessionId} is lost`);
};
