/** Clients as users of a tenant: what they may do works with their inbox, and what they may not do is `forbidden` at once. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Client, connectClient } from '../../../src/client/client.ts';
import { codeOf } from '../../../src/model/errors.ts';
import { greenroom } from '../../cli/run-cli.ts';
import { withoutNatsServer } from '../../support/nats.ts';
import { withoutPython } from '../../support/python.ts';
import { startWorld, type World } from './world.ts';

const codeFrom = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => codeOf(error),
  );

const PYTHON = fileURLToPath(new URL('../../../clients/python', import.meta.url));
/** Reads as a reader may; what it may not do fails, and the stream that it reads goes on. */
const READER = `
import os, threading
from greenroom import GreenroomError, connect
with connect(os.environ["URL"], tenant="acme", inbox_prefix="_INBOX_acme-reader") as reader:
    print(reader.get("shown")["title"])
    events = reader.events("shown", timeout=0.5)
    for work in (lambda: reader.create("made"), lambda: reader.ask("shown", "x").result()):
        try:
            work()
        except GreenroomError as error:
            print(error.code)
    print(list(events))
with connect(os.environ["URL"], tenant="acme") as reader:
    try:
        reader.get("shown")
    except GreenroomError as error:
        print(error.code)
`;

describe.skipIf(withoutNatsServer())('with an account for each tenant', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld('accounts');
  }, 60_000);
  afterAll(() => world[Symbol.asyncDispose]());

  const clientOf = async (name: string, inboxPrefix = `_INBOX_${name}`): Promise<Client> => {
    const servers = world.urlOf(name);
    const client = await connectClient({ servers, tenant: 'acme', inboxPrefix });
    onTestFinished(() => client.close());
    return client;
  };

  test('a sender runs turns and a reader follows them', async () => {
    const [ann, reader] = await Promise.all([clientOf('ann'), clientOf('acme-reader')]);
    await ann.session('shown', 'create', { title: 'Shown' });
    const told = reader.watch('shown')[Symbol.asyncIterator]();
    const first = told.next();
    await reader.session('shown', 'get', {}); // by now the broker knows the subscription
    const types: string[] = [];
    for await (const { type } of ann.turn('shown', { prompt: 'Hello' })) types.push(type);
    expect(types.at(-1)).toBe('turn.finished');
    expect((await first).value).toMatchObject({ type: 'turn.accepted', sessionId: 'shown' });
    await told.return?.();
    const { sessions } = await reader.sessions('search', {});
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual(['shown']);
  });

  test('a refusal is told as forbidden: of a verb, a turn, and what would be watched', async () => {
    const reader = await clientOf('acme-reader');
    expect(await codeFrom(reader.session('shown', 'delete', {}))).toBe('forbidden');
    expect(
      await codeFrom(reader.turn('shown', { prompt: 'x' })[Symbol.asyncIterator]().next()),
    ).toBe('forbidden');
    expect(await codeFrom(reader.refusedTurns())).toBe('forbidden');
    const foreign = await connectClient({
      ...{ servers: world.urlOf('acme-reader'), tenant: 'beta', inboxPrefix: '_INBOX_acme-reader' },
    });
    onTestFinished(() => foreign.close());
    expect(await codeFrom(foreign.watch('shown')[Symbol.asyncIterator]().next())).toBe('forbidden');
    expect(await codeFrom(foreign.session('shown', 'get', {}))).toBe('forbidden');
    const withoutInbox = await clientOf('acme-reader', '_INBOX');
    expect(await codeFrom(withoutInbox.session('shown', 'get', {}))).toBe('forbidden');
  });

  test('the command line names its inbox, by option or by environment', async () => {
    const NATS_URL = world.urlOf('acme-reader');
    const connect = connectClient;
    const list = 'sessions list --json --tenant acme';
    const inbox = '_INBOX_acme-reader';
    const byOption = await greenroom(`${list} --inbox-prefix ${inbox}`, {
      connect,
      env: { NATS_URL },
    });
    const env = { NATS_URL, NATS_INBOX_PREFIX: inbox };
    const byEnvironment = await greenroom(list, { connect, env });
    expect(byOption).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(byOption.out)).toMatchObject({ tenant: 'acme', sessionId: 'shown' });
    expect(byEnvironment.out).toBe(byOption.out);
    const renamed = await greenroom('sessions rename shown other --json --tenant acme', {
      connect,
      env,
    });
    expect(renamed.code).toBe(4);
    expect(JSON.parse(renamed.err)).toMatchObject({ error: { code: 'forbidden' } });
  });

  test.skipIf(withoutPython())(
    'the Python client names its inbox, and one refusal ends nothing else',
    async () => {
      const env = { ...process.env, PYTHONPATH: PYTHON, URL: world.urlOf('acme-reader') };
      const options = { env: { ...env, PYTHONDONTWRITEBYTECODE: '1' }, timeout: 60_000 };
      const { stdout } = await promisify(execFile)('python3', ['-c', READER], options);
      expect(stdout.trim().split('\n')).toEqual([
        ...['Shown', 'forbidden', 'forbidden', '[]', 'forbidden'],
      ]);
    },
  );
});
