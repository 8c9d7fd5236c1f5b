/** Where the API runs code: when a request names it, and what is known of it behind an answer. */
import { expect, it } from 'vitest';
import { containerAfter, containerFor } from '../../src/model/container.ts';

const NOW = 1_000_000;
const here = { id: 'c1', expiresAtMs: NOW + 60_000 };
const CODE = '[{"type":"code_execution_20260521","name":"code_execution"}]';

it('is named while it is there, where a tool is offered that runs code', () => {
  expect(containerFor(here, CODE, NOW)).toBe('c1');
  expect(containerFor(here, '[{"type":"web_fetch_20260318","name":"web_fetch"}]', NOW)).toBe('c1');
  expect(containerFor(here, CODE, NOW + 50_000)).toBeUndefined();
  expect(containerFor(here, undefined, NOW)).toBeUndefined();
  expect(containerFor(here, '[{"name":"Read"}]', NOW)).toBeUndefined();
  expect(containerFor(undefined, CODE, NOW)).toBeUndefined();
});

it('is the one of the last answer that says something of it, until it expires or is gone', () => {
  const other = { id: 'c2', expiresAtMs: NOW + 1 };
  expect(containerAfter(here, undefined, NOW)).toBe(here);
  expect(containerAfter(here, other, NOW)).toBe(other);
  expect(containerAfter(here, other, NOW + 1)).toBeUndefined();
  expect(containerAfter(here, null, NOW)).toBeUndefined();
});
