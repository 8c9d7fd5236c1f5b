/** The older guide's REST, key by key as the guide has it: the golden files are written by hand. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedGreenroom } from '../support/greenroom.ts';
import { type Client, clientOf } from './rest.ts';

const shared = sharedGreenroom({
  httpPort: 0,
  hooks: { PreToolUse: [{ hooks: [async () => ({})] }] },
});
let client: Client;
beforeAll(() => {
  client = clientOf(shared());
});

const AT = '/api/v1/sessions';
const golden = (name: string): object =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8'));

const ANY = ['<time>', '<toolUseId>', '<hook>', '<ended>', '<reason>'];

/** What differs from run to run has a name in the golden file; all else is compared. */
const like = (expected: unknown, id: string): unknown => {
  if (expected === '<number>') return expect.any(Number);
  if (typeof expected === 'string')
    return ANY.includes(expected) ? expect.any(String) : expected.replace('<id>', id);
  if (Array.isArray(expected)) return expected.map((each) => like(each, id));
  if (typeof expected !== 'object' || expected === null) return expected;
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, like(value, id)]));
};

const ask = (method: string, path: string, body?: object) =>
  client.call(method, `${AT}${path}`, body);

describe('a session of the guide', () => {
  it('is made with the defaults of the guide', async () => {
    const made = await ask('POST', '', {});
    expect(made.status).toBe(201);
    expect(made.body).toEqual(like(golden('plain-session'), made.body.id));
    expect((await ask('GET', `/${made.body.id}`)).body).toEqual(made.body);
    const ours = await client.call('GET', `/v1/sessions/${made.body.id}`);
    expect(ours.body.session).not.toHaveProperty('policies');
  });

  it('is made as it is asked for, and keeps its options whole', async () => {
    const made = await ask('POST', '', {
      ...{ name: 'Notes', description: 'what was said', working_directory: '/srv/app' },
      ...{ allowed_tools: ['Read'], system_prompt: 'Be brief.', permission_mode: 'acceptEdits' },
      ...{ max_retries: 2, retry_delay: 0.5, timeout_seconds: 60, metadata: { a: 1 } },
      ...{ hooks_enabled: [], custom_policies: [], mode: 'interactive' },
      template_id: '00000000-0000-4000-8000-000000000001',
      sdk_options: { model: 'claude-sonnet-4-5-20250929', max_turns: 7, of_theirs: true },
    });
    expect(made.body).toEqual(like(golden('session'), made.body.id));
    const { session } = (await client.call('GET', `/v1/sessions/${made.body.id}`)).body;
    expect(session).toMatchObject({
      ...{ model: 'claude-sonnet-4-5-20250929', limits: { maxTurns: 7 } },
    });
  });

  it.each([
    [{ nothing: 1 }, 'nothing'],
    [{ name: 'x'.repeat(256) }, 'name'],
    [{ mode: 'other' }, 'mode'],
    [{ fork_at_message: -1 }, 'fork_at_message'],
    [{ mode: 'forked' }, 'parent_session_id'],
    [{ max_retries: 'many' }, 'max_retries'],
  ])('is not made of %j', async (body, path) => {
    const refused = await ask('POST', '', body);
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ detail: expect.any(String), errors: [{ path }] });
  });
});

describe('a fork', () => {
  it('is not left behind when its settings are refused, whatever else the token may do', async () => {
    await shared().sessions.create('parent-of-none');
    const sender = clientOf(shared(), { scopes: ['read', 'send'] });
    const refused = await sender.call('POST', AT, {
      ...{ parent_session_id: 'parent-of-none', allowed_tools: ['Bash('] },
    });
    expect(refused.status).toBe(422);
    expect(await shared().sessions.count({ parentId: 'parent-of-none' })).toMatchObject({
      count: 0,
    });
  });

  it('has the first messages of its parent, and links to it', async () => {
    await shared().sessions.create('talk', { title: 'Talk', owner: 'ann' });
    await shared().run('talk', 'Hello', { turnId: 'one' });
    await shared().run('talk', 'And now?', { turnId: 'two' });
    const fork = await ask('POST', '/talk/fork', { fork_at_message: 2 });
    expect(fork.status).toBe(201);
    expect(fork.body).toEqual(like(golden('fork'), fork.body.id));
    const named = await ask('POST', '/talk/fork', { name: 'Mine' });
    expect(named.body).toMatchObject({ name: 'Mine', message_count: 4 });
    const made = await ask('POST', '', {
      parent_session_id: 'talk',
      fork_at_message: 0,
      name: 'N',
    });
    expect(made.body).toMatchObject({ is_fork: true, message_count: 0, name: 'N' });
    expect((await ask('POST', '/talk/fork', { fork_at_message: 5 })).status).toBe(422);
    const ids = (await ask('GET', '?parent_session_id=talk')).body.map(
      ({ id }: { id: string }) => id,
    );
    expect(ids).toEqual([fork.body.id, named.body.id, made.body.id]);
    const all = (await ask('GET', '?limit=2&offset=1')).body.map(({ id }: { id: string }) => id);
    expect(all).toEqual([named.body.id, fork.body.id]);
    const messages = await ask('GET', '/talk/messages?limit=1');
    expect(messages.body).toEqual([like(golden('message'), 'talk')]);
  });
});

describe('what is kept of a session', () => {
  it('are its hooks, its permissions and its series, newest first', async () => {
    await shared().sessions.create('acting', {
      tools: ['Glob'],
      workingDirectory: shared().dataDir,
    });
    const use = '[[rehearse: tool=Glob input={"pattern":"*"}]] [[rehearse: text=done]]';
    await shared().run('acting', use, { turnId: 'act' });
    const hooks = await ask('GET', '/acting/hooks?hook_type=PreToolUse');
    expect(hooks.status).toBe(200);
    expect(hooks.body).toHaveLength(1);
    const [hook] = hooks.body;
    expect(hook).toEqual(like(golden('hook'), hook.id));
    expect(hook.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect((await ask('GET', '/acting/hooks?hook_type=Stop')).body).toEqual([]);
    const permissions = await ask('GET', '/acting/permissions');
    const [permission] = permissions.body;
    expect(permission).toEqual(like(golden('permission'), permission.id));
    expect((await ask('GET', '/acting/permissions?decision=deny')).body).toEqual([]);
    expect((await ask('GET', '/acting/permissions?decision=allow')).body).toEqual(permissions.body);
    const history = await ask('GET', '/acting/metrics/history?limit=1');
    expect(Object.keys(history.body[0])).toEqual(Object.keys(golden('snapshot')));
    const { body } = await ask('GET', '/acting');
    expect(body).toMatchObject({ total_hook_executions: 1, permission_check_count: 1 });
  });

  it.each([
    '/x/hooks?limit=0',
    '/x/hooks?limit=1001',
    '/x/permissions?decision=maybe',
    '/x/permissions?limit=1001',
    '/x/metrics/history?limit=none',
    '?limit=1001',
    '?offset=-1',
    '?status=none',
  ])('%s is refused', async (path) => {
    await shared().sessions.create('x');
    expect((await ask('GET', path)).status).toBe(422);
  });

  it('is shown to its owner alone', async () => {
    await shared().sessions.create('theirs', { owner: 'bob' });
    const ann = clientOf(shared(), { owner: 'ann' });
    for (const path of ['', '/messages', '/hooks', '/permissions', '/metrics/history'])
      expect((await ann.call('GET', `${AT}/theirs${path}`)).status, path).toBe(404);
    expect((await ann.call('POST', `${AT}/theirs/fork`, {})).status).toBe(404);
    expect((await ann.call('GET', AT)).body).toEqual([]);
    const made = await ann.call('POST', AT, {});
    expect(made.body.user_id).toBe('ann');
    const reader = clientOf(shared(), { scopes: ['read'] });
    expect((await reader.call('POST', AT, {})).status).toBe(403);
  });
});

describe('an archive of the guide', () => {
  it('is made of a session that has ended, shown, and downloaded', async () => {
    await shared().run('over', 'The last word.');
    expect((await ask('POST', '/over/archive', {})).status).toBe(409);
    const none = await ask('GET', '/over/archive');
    expect([none.status, none.body.detail]).toEqual([
      ...[404, 'No archive found for session over'],
    ]);
    await shared().sessions.complete('over');
    const made = await ask('POST', '/over/archive', { upload_to_s3: false, compression: 'gzip' });
    expect([made.status, made.body]).toEqual([200, like(golden('archive'), 'over')]);
    expect((await ask('GET', '/over/archive')).body).toEqual(like(golden('archive'), 'over'));
    expect((await ask('GET', '/over')).body.archive_id).toBe(made.body.id);
    const { status, body } = await ask('GET', '/over/archive/download');
    expect([status, body.code]).toEqual([404, 'archive_not_found']); // it had no directory
    await shared().greenroom.archives.delete(made.body.id, { waitMs: 30_000 });
  });
});
