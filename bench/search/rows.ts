/**
 * Sessions for the bench of search: 0 to 5 of 1,000 tags, of which few are common and most are rare (Zipf), 500
 * directories likewise, updates over a year, one in 25 at 5 dollars or more. The same seed makes the same ones.
 */
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { SessionId, Tenant } from '../../src/model/ids.ts';
import { Dice } from '../../src/testing/dice.ts';

export const TENANT = 'bench' as Tenant;
export const DAY_MS = 86_400_000;
export const START_MS = Date.UTC(2025, 0, 1);
export const DAYS = 365;
export const TAGS = 1_000;
export const DIRECTORIES = 500;

export const tagName = (rank: number): string => `tag-${rank}`;
export const directoryName = (rank: number): string => `/home/someone/projects/project-${rank}`;

/** A rank from 0 on; the first is drawn about 300 times as often as the three hundredth. */
export const zipf = (dice: Dice, size: number): number =>
  Math.min(size - 1, Math.floor((size + 1) ** dice.next()) - 1);

const MODELS = ['claude-opus-4-1', 'claude-sonnet-4-5', 'claude-haiku-4-5'] as const;
const STATUSES = [
  'idle',
  'idle',
  'idle',
  'idle',
  'idle',
  'idle',
  'idle',
  'completed',
  'parked',
] as const;

export function* rows(count: number, seed: number): Generator<CatalogRow> {
  const dice = new Dice(seed);
  for (let n = 0; n < count; n++) yield rowOf(n, dice);
}

const rowOf = (n: number, dice: Dice): CatalogRow => {
  const createdAtMs = START_MS + Math.floor(dice.next() * DAYS * DAY_MS);
  return {
    key: { tenant: TENANT, sessionId: idOf(n) },
    version: dice.int(1, 40),
    createdAtMs,
    updatedAtMs: createdAtMs + Math.floor(dice.next() ** 4 * 20 * DAY_MS),
    importedAtMs: undefined,
    status: dice.pick(STATUSES),
    mode: 'interactive',
    title: `Fix the flaky test number ${n} of the intake`,
    summary: undefined,
    description: undefined,
    tags: tagsOf(dice),
    messageCount: dice.int(1, 400),
    numTurns: dice.int(1, 60),
    costNanoUsd: Math.floor(dice.next() ** 34 * 20e9),
    costIsPartial: false,
    model: dice.pick(MODELS),
    workingDirectory: directoryName(zipf(dice, DIRECTORIES)),
    permissionMode: undefined,
    owner: undefined,
    templateId: undefined,
    externalKey: undefined,
    projectKey: undefined,
    parentId: undefined,
    openTurns: 0,
    errorCount: n % 20 === 0 ? 1 : 0,
    tokens: n * 10,
  };
};

/** Ids in the order of `n`, as a store is read, that differ from their beginning on, as ids by chance do. */
const idOf = (n: number): SessionId => {
  const start = (n * 4_000).toString(16).padStart(8, '0');
  const end = ((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(12, '0');
  return `${start}-7a10-4000-8000-${end}` as SessionId;
};

const tagsOf = (dice: Dice): string[] => {
  const tags = new Set<string>();
  for (let count = dice.int(0, 5); count > 0; count--) tags.add(tagName(zipf(dice, TAGS)));
  return [...tags];
};
