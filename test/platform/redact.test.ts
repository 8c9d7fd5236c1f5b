import { expect, test } from 'vitest';
import { secretsIn, withoutUserParts } from '../../src/platform/address.ts';
import { redactor } from '../../src/platform/redact.ts';

/** Addresses as brokers are named, and as they may be shown. */
const ADDRESSES = [
  ['nats://user:PASS/WORD@127.0.0.1:9', 'nats://(hidden)@127.0.0.1:9'],
  ['user:PASSWORD@127.0.0.1:9', '(hidden)@127.0.0.1:9'],
  ['nats://user:"PASSWORD@127.0.0.1:9', 'nats://(hidden)@127.0.0.1:9'],
  ['PASSWORD@127.0.0.1:9', '(hidden)@127.0.0.1:9'],
  ['nats://user:PASS@WORD@127.0.0.1:9', 'nats://(hidden)@127.0.0.1:9'],
  ['nats://user:PASS,WORD@127.0.0.1:9', 'nats://(hidden)@127.0.0.1:9'],
  ['nats://user:PASS WORD@127.0.0.1:9', 'nats://(hidden)@127.0.0.1:9'],
  ['nats://a:PASS@one,nats://b:WORD@two', 'nats://(hidden)@one,nats://(hidden)@two'],
  ['nats://one:4222,tls://[::1]:2', 'nats://one:4222,tls://[::1]:2'],
] as const;

test.each(ADDRESSES)('the address %s is shown without its user part', (address, shown) => {
  expect(withoutUserParts(address)).toBe(shown);
});

test.each(ADDRESSES)('what is secret in %s is hidden in any text', (address) => {
  const redact = redactor(secretsIn(address));
  const texts = [`cannot connect to ${address}: refused`, JSON.stringify({ address })];
  for (const text of texts) expect(redact(text)).not.toMatch(/PASS|WORD/);
});

test('a password is hidden as it is sent, as it is written, and as JSON has it', () => {
  const redact = redactor(secretsIn('nats://me:a%22b%20secret@host'));
  for (const form of ['a"b secret', 'a%22b%20secret', JSON.stringify('a"b secret')])
    expect(redact(`refused: ${form}!`)).not.toContain('secret');
});

test.each([
  ['nats://me:PASS/WORD@host is away', 'nats://(hidden)@host is away'],
  ['nats://me:PASS@WORD@host is away', 'nats://(hidden)@host is away'],
  ['redis://:PASSWORD@host/0', 'redis://(hidden)@host/0'],
  ['nats://a:PASS@one,nats://b:WORD@two', 'nats://(hidden)@one,nats://(hidden)@two'],
  [
    'Headers.append: "Bearer PASS\nWORD" is an invalid header value',
    'Headers.append: (hidden) is an invalid header value',
  ],
  [
    'see http://host:80/a@b and http://[::1]:80/a@b',
    'see http://host:80/a@b and http://[::1]:80/a@b',
  ],
])('of %j it shows %j', (text, shown) => {
  expect(redactor([])(text)).toBe(shown);
});
