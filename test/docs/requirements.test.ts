/** The oldest Node and nats-server are the same in every place that names one. */
import { describe, expect, test } from 'vitest';
import { checkNode } from '../../src/cli/doctor/machine.ts';
import { requireVersion } from '../../src/nats/server-program.ts';
import { documentNamed, README } from './readme.ts';

const numbersIn = (text: string, pattern: RegExp): number[] =>
  (pattern.exec(text)?.[1] ?? '').split(/[.,]\s*/).map(Number);

describe('the oldest Node', () => {
  const [major = 0, minor = 0] = numbersIn(README, /\| Node ([\d.]+) or newer/);

  test("of the README is the package's and the set-up's", () => {
    const { engines } = JSON.parse(documentNamed('package.json')) as { engines: { node: string } };
    const setup = documentNamed('scripts/setup.mjs');
    expect(engines.node).toBe(`>=${major}.${minor}.0`);
    expect(numbersIn(setup, /OLDEST_NODE = \[([\d, ]+)\]/)).toEqual([major, minor]);
  });

  test("of the README is the doctor's", () => {
    expect(checkNode(`${major}.${minor}.0`).status).toBe('ok');
    expect(checkNode(`${major}.${minor - 1}.9`).status).toBe('fail');
  });
});

test('the oldest nats-server of the README is the oldest that is taken', () => {
  const [major = 0, minor = 0] = numbersIn(README, /`nats-server` ([\d.]+) or newer/);
  expect(requireVersion(`v${major}.${minor}.0`, 'it')).toEqual([major, minor, 0]);
  expect(() => requireVersion(`v${major}.${minor - 1}.99`, 'it')).toThrow(/needs at least/);
});
