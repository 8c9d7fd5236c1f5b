/** The file of targets: what it may say, and that its secrets stand in no message. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { targetsIn } from '../../src/notifications/settings.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OPS = { url: 'https://ops.example/hooks', secret: SECRET };

const read = (content: unknown) => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-targets-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'targets.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return () => targetsIn(file);
};

it('names targets, each with what it wants to hear', () => {
  const events = ['session.completed', 'approval.requested'];
  const targets = read({ targets: { ops: { ...OPS, events }, all: OPS } })();
  expect(targets).toMatchObject([
    { name: 'ops', tenant: 'default', events },
    { name: 'all', events: expect.arrayContaining(['session.created', 'session.deleted']) },
  ]);
});

it.each([
  ['no JSON', '{', 'it is no JSON'],
  ['an unknown event', { targets: { ops: { ...OPS, events: ['turn'] } } }, 'targets.ops.events.0'],
  ['another protocol', { targets: { ops: { ...OPS, url: 'file:///x' } } }, 'targets.ops.url'],
  [
    'a password in the address',
    { targets: { ops: { ...OPS, url: 'https://ann:hunter2@ops.example/hooks' } } },
    'a name or a password',
  ],
  ['a weak secret', { targets: { ops: { ...OPS, secret: 'whsec_short' } } }, 'targets.ops.secret'],
  ['no secret', { targets: { ops: { url: OPS.url } } }, 'targets.ops.secret'],
  ['another field', { targets: { ops: { ...OPS, retries: 5 } } }, 'retries'],
])('with %s is refused, and the file named', (_, content, says) => {
  expect(read(content)).toThrow('GREENROOM_NOTIFICATIONS_FILE');
  expect(read(content)).toThrow(says);
});

it('has its secrets in no message', () => {
  const url = 'https://ann:hunter2@ops.example';
  const wrong = read({ targets: { ops: { ...OPS, url, secret: 'hunter2' } } });
  expect(() => {
    try {
      wrong();
    } catch (error) {
      expect(String(error)).not.toContain('hunter2');
      throw error;
    }
  }).toThrow();
});
