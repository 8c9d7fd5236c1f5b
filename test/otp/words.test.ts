/** What the runtime says to people: reports, reasons, and what is wrong with a declaration. */
import { describe, expect, it } from 'vitest';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import { crashOf, describeReason, type ExitReason, isAbnormal } from '../../src/otp/exit-reason.ts';
import { OtpError } from '../../src/otp/otp-error.ts';
import { formatReport, type Report } from '../../src/otp/report.ts';
import { supervisor } from '../../src/otp/supervisor.ts';
import { child, world } from './support.ts';

const crashed = { crashed: new Error('boom') };
const of = { supervisor: 'root', child: 'a' };

const REPORTS: readonly (readonly [Report, string])[] = [
  [
    {
      ...{ kind: 'crash', actor: 'root/a', id: 7, reason: crashed, state: {}, restarts: 1 },
      lastMessage: { kind: 'call', name: 'act', payload: undefined },
    },
    'root/a: crashed: boom (on call act)',
  ],
  [
    {
      ...{ kind: 'crash', actor: 'root/a', id: 7, reason: crashed, state: {}, restarts: 1 },
      lastMessage: undefined,
    },
    'root/a: crashed: boom',
  ],
  [{ kind: 'child_exited', ...of, reason: 'killed' }, 'root: a exited: killed'],
  [{ kind: 'child_restarted', ...of, restarts: 3 }, 'root: a was restarted, 3 times so far'],
  [{ kind: 'child_start_failed', ...of, reason: crashed }, 'root: a did not start: crashed: boom'],
  [
    { kind: 'child_killed', ...of, shutdownMs: 500 },
    'root: a did not end within 500 ms and was killed',
  ],
  [
    { kind: 'gave_up', ...of, reason: crashed, maxRestarts: 3, maxSeconds: 5 },
    'root gave up: more than 3 restarts in 5 s, last a: crashed: boom',
  ],
  [{ kind: 'parked', ...of, reason: crashed, restarts: 4 }, 'root: a is parked: crashed: boom'],
  [
    { kind: 'fault', actor: 'root/a', during: 'a release', error: new Error('boom') },
    'root/a: a release failed: crashed: boom',
  ],
];

describe('a report', () => {
  it.each(REPORTS)('%j is one line for people', (report, line) => {
    expect(formatReport(report)).toBe(line);
  });
});

const unshowable = {
  toJSON: () => {
    throw new Error('no');
  },
};

describe('a reason', () => {
  it.each<[ExitReason, string, abnormal: boolean]>([
    ['normal', 'normal', false],
    ['shutdown', 'shutdown', false],
    ['killed', 'killed', true],
    ['noproc', 'noproc', true],
    [{ shutdown: 'an upgrade' }, 'shutdown: an upgrade', false],
    [{ shutdown: { by: 'me' } }, 'shutdown: {"by":"me"}', false],
    [crashed, 'crashed: boom', true],
    [{ crashed: 'text' }, 'crashed: text', true],
    [{ crashed: { error: new Error('in it') } }, 'crashed: {"error":"in it"}', true],
    [{ crashed: undefined }, 'crashed: undefined', true],
    [{ crashed: unshowable }, 'crashed: something that cannot be shown', true],
  ])('is told in words, and is abnormal or not: %#', (reason, words, abnormal) => {
    expect(describeReason(reason)).toBe(words);
    expect(isAbnormal(reason)).toBe(abnormal);
  });

  it('that is a crash has what was thrown, and no other has', () => {
    expect(crashOf(crashed)).toBe(crashed);
    expect(['normal' as const, { shutdown: 1 }].map(crashOf)).toEqual([undefined, undefined]);
  });

  it('stands in the error that it caused, with what was thrown as its cause', () => {
    const error = new OtpError('callee_died', 'a died', { reason: crashed });
    expect(error).toMatchObject({
      ...{ name: 'OtpError', code: 'callee_died', message: 'a died (crashed: boom)' },
      ...{ reason: crashed, cause: crashed.crashed },
    });
    const plain = new OtpError('noproc', 'a is gone', { reason: 'killed' });
    expect(plain.message).toBe('a is gone (killed)');
    expect(plain.cause).toBeUndefined();
    expect(new OtpError('noproc', 'a is gone').message).toBe('a is gone');
  });
});

describe('a declaration', () => {
  type Fields = { readonly [Field in keyof ChildSpec]?: unknown };
  const declare = (changes: readonly Fields[], fields: object = {}) => {
    const one = child(world(), 'a') as ChildSpec;
    const children = changes.map((change) => ({ ...one, ...change }) as ChildSpec);
    return supervisor({ id: 'root', strategy: 'one_for_one', children, ...fields });
  };

  it.each<[string, Fields[], object?]>([
    ['a child needs an id that is not empty', [{ id: '' }]],
    ['a child needs an id that is not empty', [{ id: 3 }]],
    ['the child a: it has no start', [{ start: undefined }]],
    ['the child a: it is neither worker nor supervisor: boss', [{ type: 'boss' }]],
    ['the child a: no such restart: often', [{ restart: 'often' }]],
    [
      'the child a: shutdownMs must be milliseconds, infinity or brutal_kill: -1',
      [{ shutdownMs: -1 }],
    ],
    [
      'the child a: shutdownMs must be milliseconds, infinity or brutal_kill: soon',
      [{ shutdownMs: 'soon' }],
    ],
    [
      'the child a: a significant child cannot be permanent',
      [{ significant: true, restart: 'permanent' }],
      { autoShutdown: 'any_significant' },
    ],
    [
      'the child a: it is significant, and autoShutdown is never',
      [{ significant: true, restart: 'transient' }],
    ],
    ['the child a is declared twice', [{}, {}]],
    ['maxRestarts must be at least 0: -1', [{}], { maxRestarts: -1 }],
    ['maxRestarts must be at least 0: NaN', [{}], { maxRestarts: Number.NaN }],
    ['maxSeconds must be more than 0: 0', [{}], { maxSeconds: 0 }],
  ])('that cannot work is refused: %s', (message, changes, fields) => {
    expect(() => declare(changes, fields)).toThrow(
      expect.objectContaining({ code: 'bad_spec', message }),
    );
  });

  it.each<[string, Fields, object?]>([
    ['no time to end', { shutdownMs: 0 }],
    ['all the time to end', { shutdownMs: 'infinity' }],
    ['a kill', { shutdownMs: 'brutal_kill' }],
    ['no restart at all', {}, { maxRestarts: 0 }],
    ['a short window', {}, { maxSeconds: 0.001 }],
    [
      'a significant child that may end',
      { significant: true, restart: 'temporary' },
      { autoShutdown: 'all_significant' },
    ],
  ])('with %s is taken', (_, change, fields) => {
    expect(() => declare([change], fields)).not.toThrow();
  });
});
