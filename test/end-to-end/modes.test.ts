/** The modes of sessions over the bus: a conversation and its fork, work in the background, tasks, and what the audit says of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect as connectGreenroom } from '../../src/client/index.ts';
import { type Running, startWithBroker } from '../docs/running.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';

type Client = Awaited<ReturnType<typeof connectGreenroom>>;

describe.skipIf(withoutNatsServer())('over the bus', () => {
  let running: Running;
  let client: Client;
  beforeAll(async () => {
    running = await startWithBroker();
    client = await connectGreenroom({ servers: running.natsUrl });
  });
  afterAll(async () => {
    await client.close();
    await running[Symbol.asyncDispose]();
  });

  const ask = async (session: string, prompt: string, options = {}) => {
    let text = '';
    for await (const event of client.turn(session, prompt, options))
      if (event.type === 'turn.finished') text = event.text;
    return text;
  };
  const actions = async (session: string) => {
    const { audit } = await client.audit.of(session, { kind: 'lifecycle' });
    return audit.map(({ action }) => action);
  };

  test('an interactive session is made, asked, and forked', async () => {
    await client.sessions.create('talk', { title: 'A talk' });
    expect(await ask('talk', 'one')).toBe('Rehearsal answer to: one');
    await client.sessions.fork('talk', { newSessionId: 'other-way' });
    expect(await ask('other-way', 'two')).toBe('Rehearsal answer to: two');
    expect(await client.sessions.get('other-way')).toMatchObject({
      ...{ mode: 'forked', messageCount: 4, parent: { sessionId: 'talk', seq: 2 } },
    });
    expect(await actions('talk')).toEqual(['created']);
    expect(await actions('other-way')).toEqual(['forked']);
  });

  test('a background session ends by itself, tells its result, and can be forked', async () => {
    const lives = client.watch();
    await client.sessions.create('work', { mode: 'background' });
    await ask('work', 'count the files');
    for await (const event of lives)
      if (event['type'] === 'session.completed') {
        expect(event).toMatchObject({
          sessionId: 'work',
          details: { result: 'Rehearsal answer to: count the files', stopReason: 'end_turn' },
        });
        break;
      }
    await expect(ask('work', 'more')).rejects.toMatchObject({ code: 'invalid_state' });
    await client.sessions.fork('work', { newSessionId: 'questions' });
    expect(await ask('questions', 'which of them?')).toContain('which of them?');
    expect((await client.sessions.get('work')).status).toBe('completed');
    expect(await actions('work')).toEqual(['created', 'completed']);
    expect(await actions('questions')).toEqual(['forked']);
  });

  test('a task runs from its template; its schedule is put, paused and deleted', async () => {
    const { templates, tasks, schedules } = client;
    await templates.put('t', { prompt: 'Look at {{what}}.' });
    await tasks.put('look', { template: 't' });
    await expect(tasks.run('look')).rejects.toMatchObject({
      code: 'invalid_settings',
      details: { variable: 'what' },
    });
    const how = { variables: { what: 'it' }, turnId: 'r1' };
    const [one, other] = [await tasks.run('look', how), await tasks.run('look', how)];
    expect([one.isNew, other.isNew, one.sessionId === other.sessionId]).toEqual([
      true,
      false,
      true,
    ]);
    await until(async () => {
      const { executions } = await tasks.executions('look');
      return executions[0]?.resultData === 'Rehearsal answer to: Look at it.';
    });
    await schedules.put('s', { task: 'look', everySeconds: 3_600, variables: { what: 'that' } });
    expect((await schedules.list()).schedules).toMatchObject([{ name: 's', runs: 0 }]);
    expect(await schedules.pause('s')).toMatchObject({ isPaused: true });
    await schedules.delete('s');
    await expect(schedules.get('s')).rejects.toMatchObject({ code: 'definition_not_found' });
  });

  test('a turn is set for a time, seen as queued, and taken back', async () => {
    const deliverAt = new Date(Date.now() + 3_600_000).toISOString();
    const events = client.turn('later', 'hello', { turnId: 'x', deliverAt });
    for await (const event of events) if (event.type === 'turn.accepted') break;
    const { turns } = await client.sessions.turns('later');
    expect(turns).toMatchObject([{ turnId: 'x', status: 'queued', deliverAt }]);
    expect(await client.sessions.cancel('later', 'x')).toMatchObject({ status: 'cancelled' });
  });
});
