/** The table of classic cases is whole, names tests that exist, and those of stores run on every backend. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { messageCases } from '../../src/classic/stores/contract/messages.ts';
import { savingCases } from '../../src/classic/stores/contract/saving.ts';
import { sessionCases } from '../../src/classic/stores/contract/sessions.ts';
import { version } from '../../src/index.ts';
import { BACKENDS, CASES, CONTRACT } from './cases.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const countOf = (of: string): number => CASES.filter((each) => each.of === of).length;

describe('the classic cases', () => {
  test('are all there', () => {
    const counts = Object.fromEntries(CASES.map(({ of }) => [of, countOf(of)]));
    expect(counts).toEqual({
      models: 9,
      protocol: 6,
      serialization: 17,
      'file store': 22,
      'redis store': 19,
      executor: 6,
      api: 8,
      examples: 3,
      package: 1,
      'GenServer store': 3,
    });
    expect(CASES).toHaveLength(94);
  });

  test('have each a test of the same meaning', () => {
    const missing = CASES.flatMap(({ of, name, by }) => {
      const [file, title] = by;
      return read(file).includes(`'${title}'`) ? [] : [`${of}: ${name} → ${file}: ${title}`];
    });
    expect(missing).toEqual([]);
  });

  test('of stores need nothing that a backend may lack, and every backend runs them', () => {
    const all = [...sessionCases, ...messageCases, ...savingCases];
    const contracts: readonly string[] = Object.values(CONTRACT);
    const titles = CASES.flatMap(({ by }) => (contracts.includes(by[0]) ? [by[1]] : []));
    const skippable = titles.filter(
      (title) => all.find(({ name }) => name === title)?.needs !== undefined,
    );
    expect(skippable).toEqual([]);
    for (const [backend, file] of Object.entries(BACKENDS))
      expect(read(file).includes('classicStoreContract({'), backend).toBe(true);
  });

  test('the version is the package’s', () => {
    expect(version).toBe(JSON.parse(read('package.json')).version);
  });
});
