/** Makes histories: clients that call the stores of one session at once, and note what was answered when. */
import type { SessionStore } from '../../../src/stores/index.ts';
import type { Dice } from '../../chaos/dice.ts';
import type { Answer, Event, Operation } from './linearize.ts';

export interface HistoryOptions {
  readonly operations: number;
  readonly clients: number;
}

/** @param stores any number, all on the same data; clients take turns among them. */
export const historyOf = async (
  stores: readonly SessionStore[],
  sessionId: string,
  dice: Dice,
  { operations, clients }: HistoryOptions,
): Promise<readonly Event[]> => {
  await stores[0]?.createSession(sessionId);
  const events: Event[] = [];
  let moment = 0;
  let started = 0;
  const client = async (number: number): Promise<void> => {
    const store = stores[number % stores.length];
    let version: number | undefined;
    while (store !== undefined && started < operations) {
      started += 1;
      const operation = choose(dice, `${number}-${started}`, started, version);
      const calledAt = ++moment;
      const answer = await answerOf(store, sessionId, operation);
      events.push({ operation, answer, calledAt, answeredAt: ++moment });
      if (answer.kind === 'state') version = answer.version;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return events;
};

/** Half of the changes name the version that their client has seen last. */
const choose = (dice: Dice, id: string, turns: number, version: number | undefined): Operation => {
  const expected = dice.int(1, 2) === 1 ? version : undefined;
  if (dice.int(1, 10) <= 4) return { kind: 'load' };
  return dice.int(1, 10) <= 7
    ? { kind: 'append', id, expected }
    : { kind: 'update', turns, expected };
};

const answerOf = async (
  store: SessionStore,
  sessionId: string,
  operation: Operation,
): Promise<Answer> => {
  try {
    return await ask(store, sessionId, operation);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'version_conflict') throw error;
    return { kind: 'conflict' };
  }
};

const ask = async (
  store: SessionStore,
  sessionId: string,
  operation: Operation,
): Promise<Answer> => {
  if (operation.kind === 'load') {
    const state = await store.loadSession(sessionId);
    const ids = (state?.messages ?? []).map((message) => String(message['id']));
    return {
      ...{ kind: 'state', ids },
      turns: state?.metadata.numTurns ?? 0,
      version: state?.version ?? Number.NaN,
    };
  }
  const { expected: expectedVersion } = operation;
  if (operation.kind === 'update')
    await store.updateMetadata(sessionId, { numTurns: operation.turns }, { expectedVersion });
  else {
    const message = { role: 'user', content: operation.id, id: operation.id };
    await store.appendMessage(sessionId, message, { expectedVersion });
  }
  return { kind: 'ok' };
};
