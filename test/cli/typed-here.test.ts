/** A hint names the command as it has to be typed for the same daemon. */
import { expect, test } from 'vitest';
import { programHere } from '../../src/cli/typed-here.ts';
import { greenroom, newFolder } from './run-cli.ts';

test('what a call was told about where the daemon is goes along, quoted, and without a password', () => {
  expect(programHere(undefined, {})).toBe('greenroom');
  expect(
    programHere('npx greenroom', {
      ...{ data: "/srv/it's here", servers: 'nats://me:secret@a.example:4222,tls://b.example' },
      tenant: 'acme',
    }),
  ).toBe(
    `npx greenroom --data '/srv/it'\\''s here' --servers 'nats://…@a.example:4222,tls://b.example' --tenant acme`,
  );
});

test.each([
  'u:pass@h:4222',
  'nats://u:p/pass@h',
  'nats://u:p@pass@h',
  'nats://a:pass@h1,c:pass@h2',
])('no password of %s is repeated', (servers) => {
  expect(programHere(undefined, { servers })).toMatch(/--servers .*h/);
  expect(programHere(undefined, { servers })).not.toContain('pass');
});

test('the next step after a failure is for the same daemon', async () => {
  const dir = newFolder();
  const { err } = await greenroom(['--data', dir, 'sessions', 'list']);
  expect(err).toContain(`next: greenroom --data ${dir} doctor finds out`);
});
