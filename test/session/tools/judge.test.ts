/** Which tools a session has, and what its settings make of a call. */
import { describe, expect, it } from 'vitest';
import { type Head, newHead } from '../../../src/model/head.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import { commandPolicy, fileAccessPolicy } from '../../../src/permissions/policies.ts';
import { NO_RULES, readRules } from '../../../src/permissions/rule-set.ts';
import type { OfferedTool } from '../../../src/session/ports/tools.ts';
import { Judge, type PermissionGround } from '../../../src/session/tools/judge.ts';
import { Offers, offerOf } from '../../../src/session/tools/offer.ts';
import { readBlock, resultBlock, withSaid } from '../../../src/session/tools/result-block.ts';

const tool = (name: string, effect: OfferedTool['effect'] = 'pure'): OfferedTool => ({
  ...{ name, description: name, inputSchema: { type: 'object' }, effect },
});
const ALL = [tool('Bash', 'at_most_once'), tool('Read')];
const HOME = '/home/ann';
const GROUND: PermissionGround = {
  files: { readLink: () => undefined },
  home: HOME,
  rules: NO_RULES,
  policies: [fileAccessPolicy({ home: HOME }), commandPolicy()],
  mode: 'default',
};
const PLACE = { workingDirectory: '/srv/app', cwd: '/srv/app' };

const head = (settings: Partial<Head> = {}): Head => ({
  ...newHead(sessionKey('default', 's'), 0),
  workingDirectory: '/srv/app',
  ...settings,
});

const judge = (name: string, input: unknown, settings: Partial<Head> = {}, ground = GROUND) => {
  const session = head(settings);
  const use = { id: 'tu', name, input };
  return new Judge(ground).verdict(use, offerOf(session, ALL), session, PLACE);
};
const bash = (command: string, settings: Partial<Head> = {}, ground = GROUND) =>
  judge('Bash', { command }, settings, ground);

describe('what a session is offered', () => {
  it('is everything where it has a folder, nothing where it has none, and what it names in any case', () => {
    expect([...offerOf(head(), ALL).tools.keys()]).toEqual(['Bash', 'Read']);
    expect(offerOf({}, ALL).json).toBeUndefined();
    expect([...offerOf({ tools: ['Read'] }, ALL).tools.keys()]).toEqual(['Read']);
    expect(offerOf(head({ tools: [] }), ALL).json).toBeUndefined();
  });

  it('is not what is denied whole', () => {
    const offer = offerOf(head({ disallowedTools: ['Bash', 'Read(./x)'] }), ALL);
    expect([...offer.tools.keys()]).toEqual(['Read']);
  });

  it('goes into requests as the same text until something changes', () => {
    const offers = new Offers();
    const session = head();
    const first = offers.for(session, ALL);
    expect(offers.for({ ...session, title: 'x' }, ALL)).toBe(first);
    expect(offers.for(session, [...ALL])).not.toBe(first);
    expect(JSON.parse(first.json ?? '')).toEqual(
      ALL.map(({ name, description, inputSchema }) => ({
        ...{ name, description, input_schema: inputSchema },
      })),
    );
  });
});

describe('the calls of one answer', () => {
  it('are judged by links that are read once for all of them, and anew for the next answer', () => {
    const asked: string[] = [];
    const links = new Map([['/srv/app/out', '/etc']]);
    const readLink = (path: string) => {
      asked.push(path);
      return links.get(path);
    };
    const one = new Judge({ ...GROUND, files: { readLink } });
    const session = head();
    const reads = ['/srv/app/out/hosts', '/srv/app/out/group', '/srv/app/a.txt'].map(
      (path, at) => ({ id: `tu_${at}`, name: 'Read', input: { file_path: path } }),
    );
    const kindsNow = () =>
      one.verdicts(reads, offerOf(session, ALL), session, PLACE).map(({ kind }) => kind);
    expect(kindsNow()).toEqual(['ask', 'ask', 'start']);
    expect(asked).toEqual([...new Set(asked)]);
    links.clear();
    expect(kindsNow()).toEqual(['start', 'start', 'start']);
  });
});

describe('a call', () => {
  it('of a live session is judged by the rules that the daemon has read again', () => {
    const ground = { ...GROUND };
    const judge = new Judge(ground);
    const session = head();
    const offer = offerOf(session, ALL);
    const kindNow = () =>
      judge.verdict({ id: 'tu', name: 'Bash', input: { command: 'rm x' } }, offer, session, PLACE)
        .kind;
    const before = kindNow();
    ground.rules = readRules({ deny: ['Bash'] }, { scope: 'daemon' });
    expect([before, kindNow()]).toEqual(['ask', 'refuse']);
  });

  it('of a tool that is not offered is refused', () => {
    expect(judge('Nothing', {})).toMatchObject({ kind: 'refuse' });
    expect(judge('Bash', { command: 'ls' }, { tools: ['Read'] })).toMatchObject({ kind: 'refuse' });
  });

  it.each([['text'], [null], [[1]]])('whose input is %j is refused', (input) => {
    expect(judge('Bash', input)).toMatchObject({ kind: 'refuse' });
  });

  it('is asked about in the default mode, with what it would run and what would allow it', () => {
    expect(bash('touch x')).toMatchObject({
      ...{ kind: 'ask', effect: 'at_most_once', isOfMode: true },
      asked: { commands: ['touch x'], suggestions: expect.arrayContaining(['Bash(touch x)']) },
    });
  });

  it('starts where a rule of the session allows it, or the mode', () => {
    expect(bash('touch x', { allowedTools: ['Bash(touch *)'] }).kind).toBe('start');
    expect(bash('touch x', { permissionMode: 'bypassPermissions' }).kind).toBe('start');
    expect(bash('ls').kind).toBe('start');
  });

  it('is refused where a rule denies it, of the session or of the daemon, whatever allows it', () => {
    const all = { permissionMode: 'bypassPermissions', allowedTools: ['Bash'] } as const;
    expect(bash('touch x', { ...all, disallowedTools: ['Bash(touch *)'] } as never).kind).toBe(
      'refuse',
    );
    const rules = readRules({ deny: ['Bash(touch *)'] }, { scope: 'daemon' });
    expect(bash('touch x', all as never, { ...GROUND, rules }).kind).toBe('refuse');
  });

  it('is stopped by both policies in every mode, unless the session has turned them off', () => {
    const all = { permissionMode: 'bypassPermissions' } as const;
    expect(bash('rm -rf x', all).kind).toBe('refuse');
    expect(bash('cat ~/.ssh/id', all).kind).toBe('refuse');
    expect(bash('rm -rf x', { ...all, policies: [] }).kind).toBe('start');
    expect(bash('cat ~/.ssh/id', { ...all, policies: ['CommandPolicy'] }).kind).toBe('start');
  });

  it('of a session with an allow that cannot be read is judged by the others; with such a deny nothing runs', () => {
    expect(bash('touch x', { allowedTools: ['Bsh(', 'Bash(touch *)'] }).kind).toBe('start');
    expect(bash('ls', { disallowedTools: ['Bash('] })).toMatchObject({
      kind: 'refuse',
      reason: expect.stringContaining('disallowedTools'),
    });
  });

  it('is judged by the rules that its session has now', () => {
    const one = new Judge(GROUND);
    const use = { id: 'tu', name: 'Bash', input: { command: 'touch x' } };
    const offer = offerOf(head(), ALL);
    expect(one.verdict(use, offer, head(), PLACE).kind).toBe('ask');
    const allowed = head({ allowedTools: ['Bash(touch *)'] });
    expect(one.verdict(use, offer, allowed, PLACE).kind).toBe('start');
  });
});

describe('the block that answers a call', () => {
  const said = (block: Uint8Array) => JSON.parse(Buffer.from(block).toString());

  it('says nothing for nothing, and something for an error', () => {
    const nothing = { type: 'result', content: '', isError: false } as const;
    expect(said(resultBlock('tu', nothing).block)).toEqual({
      type: 'tool_result',
      tool_use_id: 'tu',
    });
    expect(said(resultBlock('tu', { ...nothing, isError: true }).block)).toMatchObject({
      content: 'no output',
      is_error: true,
    });
  });

  it('of a call that was cancelled says so, with what it had printed', () => {
    const { block, isError } = resultBlock('tu', { type: 'cancelled', content: 'half' });
    expect([readBlock(block).text, isError]).toEqual(['The user cancelled this.\nhalf', true]);
  });

  it('holds no half of a surrogate pair, and nothing that is too large', () => {
    const half = resultBlock('tu', { type: 'result', content: 'a\ud800b', isError: false });
    expect(readBlock(half.block).text).toBe('a\ufffdb');
    const large = {
      type: 'result',
      content: 'x'.repeat(17 * 1024 * 1024),
      isError: false,
    } as const;
    expect(readBlock(resultBlock('tu', large).block)).toEqual({
      text: 'The result is too large.',
      isError: true,
    });
  });

  it('may get other words, or more of them, and keeps the rest', () => {
    const { block } = resultBlock('tu', { type: 'result', content: 'a', isError: true });
    expect(said(withSaid(block, undefined, ['b', ' ']))).toMatchObject({
      ...{ tool_use_id: 'tu', is_error: true },
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    });
    expect(readBlock(withSaid(block, 'c', [])).text).toBe('c');
    expect(withSaid(block, undefined, [])).toBe(block);
  });
});
