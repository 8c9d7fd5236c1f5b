/** Whose a place of archives is: another store's, or a restored copy's, is neither written to nor tidied up. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OWNER_NAME, type Owner, PlaceOwner } from '../../src/archives/place-owner.ts';
import { FolderTarget } from '../../src/archives/targets/folder-target.ts';

const { signal } = new AbortController();
const ONE: Owner = { storeId: 'one' };
const TWO: Owner = { storeId: 'two' };
const COPY: Owner = { storeId: 'one', copy: 'of it' };
const others = { code: 'invalid_settings' };
let folder = '';
/** What must lie there. */
let oneThere: string | undefined;
const file = (): string => join(folder, OWNER_NAME);
const target = (): FolderTarget => new FolderTarget(folder);
const mustBeOurs = (us: Owner, isWithin = false): Promise<void> =>
  new PlaceOwner(
    () => us,
    async () => oneThere,
  ).mustBeOurs(target(), isWithin, signal);

beforeEach(() => {
  oneThere = undefined;
  folder = mkdtempSync(join(tmpdir(), 'greenroom-owner-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe.each([
  ['another store', TWO],
  ['a restored copy', COPY],
])('%s', (_, other) => {
  test('is refused until it is told to take the place over, and then the first one is', async () => {
    await mustBeOurs(ONE);
    await mustBeOurs(ONE);
    await expect(mustBeOurs(other)).rejects.toMatchObject(others);
    await mustBeOurs(ONE);
    expect(
      await new PlaceOwner(
        () => other,
        async () => oneThere,
      ).takeOver(target(), signal),
    ).toBe(true);
    expect(
      await new PlaceOwner(
        () => other,
        async () => oneThere,
      ).takeOver(target(), signal),
    ).toBe(false);
    await mustBeOurs(other);
    await expect(mustBeOurs(ONE)).rejects.toMatchObject(others);
  });

  test('has what lies in its own data directory, whose it was', async () => {
    await mustBeOurs(ONE);
    await mustBeOurs(other, true);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual(other);
  });
});

test('of two that come at once one has the place', async () => {
  const came = await Promise.allSettled([mustBeOurs(ONE), mustBeOurs(TWO)]);
  expect(came.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test.each([
  ['no JSON', '{"storeId"'],
  ['no owner', '{"storeId":1}'],
  ['too long', `{"storeId":"one","more":"${'x'.repeat(5_000)}"}`],
])('a note that is %s is of no store', async (_, text) => {
  writeFileSync(file(), text);
  await expect(mustBeOurs(ONE)).rejects.toMatchObject(others);
  expect(readFileSync(file(), 'utf8')).toBe(text);
  expect(
    await new PlaceOwner(
      () => ONE,
      async () => oneThere,
    ).takeOver(target(), signal),
  ).toBe(true);
  await mustBeOurs(ONE);
});

test('nothing is put on a disk that is not mounted, until the place is taken over', async () => {
  oneThere = 'a.manifest.json';
  await expect(mustBeOurs(ONE)).rejects.toMatchObject({ code: 'unavailable' });
  expect(readdirSync(folder)).toEqual([]);
  await new PlaceOwner(
    () => ONE,
    async () => oneThere,
  ).takeOver(target(), signal);
  await mustBeOurs(ONE);
});

test("what an older version has put without a note is the original store's, and no copy's", async () => {
  oneThere = 'a.manifest.json';
  writeFileSync(join(folder, oneThere), '{}');
  await expect(mustBeOurs(COPY)).rejects.toMatchObject(others);
  await mustBeOurs(ONE);
  await expect(mustBeOurs(COPY)).rejects.toMatchObject(others);
});
