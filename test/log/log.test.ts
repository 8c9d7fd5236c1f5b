import { expect, test } from 'vitest';
import { createLog, type LogOptions } from '../../src/platform/log.ts';

const logTo = (options: LogOptions = {}) => {
  const lines: string[] = [];
  const log = createLog({ pretty: false, ...options, write: (line) => lines.push(line) });
  return { log, lines };
};

test('a line is JSON with its level by name and its time', () => {
  const { log, lines } = logTo();
  log.info({ sessionId: 'demo' }, 'woken');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    msg: 'woken',
    sessionId: 'demo',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('levels below the chosen one are left out', () => {
  const { log, lines } = logTo({ level: 'warn' });
  log.info('not this');
  log.warn('this');
  expect(lines).toHaveLength(1);
});

test('secrets are hidden wherever they stand', () => {
  const { log, lines } = logTo({ secrets: ['hunter2-token', undefined, 'ab'] });
  log.error(
    { url: 'nats://me:word@host', err: new Error('key hunter2-token refused') },
    'sk-ant-api03-abcdefgh is wrong, Authorization: Bearer abcdefghij',
  );
  expect(lines[0]).not.toMatch(/hunter2|me:word|sk-ant|abcdefghij/);
  expect(lines[0]).toContain('nats://(hidden)@host');
});

test('a secret is hidden as JSON writes it, and one that is a number spoils no line', () => {
  const { log, lines } = logTo({ secrets: ['two"words', '123456'] });
  log.info({ bytes: 123456, said: 'two"words and 123456' }, 'and "nats://me:pass/word@host"');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    bytes: 123456,
    said: '(hidden) and (hidden)',
    msg: 'and "nats://(hidden)@host"',
  });
});

test('short values are no secrets: they would garble the log', () => {
  const { log, lines } = logTo({ secrets: ['a'] });
  log.info('a plain answer');
  expect(lines[0]).toContain('a plain answer');
});

test('a terminal gets no control character of the data, and no line that is not of the log', () => {
  const { log, lines } = logTo({ pretty: true });
  const hostile = '\u001b]0;owned\u0007\u202eabc\n12:00:00 error forged';
  const code = '\u001b[2J\u009b31m';
  log.warn({ code, more: { code }, [`key${code}`]: 1, err: new Error(hostile) }, hostile);
  const [line = ''] = lines;
  const ours = line.replace('\u001b[33m', '').replace('\u001b[0m', '').replaceAll('\n', '');
  expect(ours).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(ours).toContain('\\u001b]0;owned\\u0007\\u202eabc');
  expect(ours).toContain('code=\\u001b[2J\\u009b31m');
  expect(line).not.toMatch(/\n(?! {4}|$)/);
});

test('a terminal gets short lines, fields behind, stacks below', () => {
  const { log, lines } = logTo({ pretty: true });
  log.info({ port: 4222, name: 'two words' }, 'ready');
  log.error({ err: new Error('no room') }, 'stopped');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}ready {2}port=4222 {2}name="two words"\n$/);
  expect(lines[1]).toMatch(/stopped\n {4}Error: no room\n {4} +at /);
});
