/**
 * Bits of a data file are flipped, anywhere and where LMDB keeps its own books, and pages of it overwritten.
 * What is served after that is what was stored, or it is refused; reading everything finds whatever matters;
 * and no damage makes a process crash that opens the store. CI tries a few; `GREENROOM_FULL=1` 300 bits
 * anywhere, 300 in the books, and 60 pages.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Head } from '../../../src/model/head.ts';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import { verifyInChild } from '../../../src/storage/verify/verify.ts';
import { folders } from '../../storage/folders.ts';
import { closedTurn, DAY_MS, keyOf, message, remove, write } from '../../storage/sessions.ts';
import { Dice } from '../dice.ts';
import { isFull } from '../size.ts';

/** As many anywhere as in LMDB's own books. */
const BITS = isFull() ? 300 : 10;
const PAGES = isFull() ? 60 : 5;
const PAGE_BYTES = 4_096;
const SESSIONS = 60;
const IDS = Array.from({ length: SESSIONS }, (_, number) => `s${number}`);
/** The header of a page and the first of its slots; a meta page is longer. */
const HEADER_BYTES = 40;
const META_BYTES = 176;
const TRANSACTION_AT = 152;
const FREE_ROOT_AT = 88;
const TIMEOUT_MS = 1_800_000;

/** A store with something on every kind of page: large values, deleted sessions, pages that were freed. */
const fill = async (dir: string): Promise<void> => {
  const { journal, close } = await openLmdbJournal({ dir });
  const heads = new Map<string, Head>();
  for (let round = 1; round <= 4; round += 1)
    await Promise.all(
      IDS.map(async (id, number) => {
        const text = `${id} ${round} `.repeat(number % 9 === 0 ? 1_500 : 40);
        const change = write(keyOf(id), heads.get(id), {
          head: { seq: round },
          appends: [{ subpath: '', entries: [message(round, text)] }],
          turns: [closedTurn()],
          audit: [{ kind: 'lifecycle', action: 'created', atMs: round, by: id }],
        });
        await journal.commit(change);
        heads.set(id, change.head);
      }),
    );
  for (const [id, head] of [...heads].slice(0, 10))
    await journal.commit(remove(keyOf(id), head, Date.now() + DAY_MS));
  await journal.purge(5);
  await close();
};

interface Served {
  readonly opened?: boolean;
  readonly refused?: string;
  readonly id?: string;
  readonly served?: Readonly<Record<string, string>>;
}

interface Reading {
  readonly lines: readonly Served[];
  readonly signal: string | null;
}

const read = async (dir: string): Promise<Reading> => {
  const script = fileURLToPath(new URL('./damage-child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, dir, ...IDS], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  const lines = text.split('\n').slice(0, -1);
  const signal = child.signalCode ?? (child.exitCode === 0 ? null : `code ${child.exitCode}`);
  return { lines: lines.map((line) => JSON.parse(line) as Served), signal };
};

/** Lists that say nothing of their length: a record whose key is damaged is not in them, and only reading everything finds it. */
const MAY_LACK: ReadonlySet<string> = new Set(['turns', 'audit']);

const isPartOf = (list: string, whole = ''): boolean => {
  const all = new Set(whole.split(' '));
  return list.split(' ').every((item) => item === '' || all.has(item));
};

/** What a reading of a damaged store says beside that of the sound one. */
interface Judgement {
  readonly crashedAtOpen: boolean;
  /** It was refused, in whole or in part, or lacks something. */
  readonly hasNoticed: boolean;
  /** What was served and is not what was stored. */
  readonly wrong: readonly string[];
}

const judge = (sound: Reading, { lines, signal }: Reading): Judgement => {
  const [first] = lines;
  if (first?.refused !== undefined) return { crashedAtOpen: false, hasNoticed: true, wrong: [] };
  if (first?.opened !== true) return { crashedAtOpen: true, hasNoticed: true, wrong: [] };
  let hasNoticed = signal !== null;
  const wrong: string[] = [];
  for (const [at, { id, served = {} }] of lines.entries())
    for (const [part, value] of Object.entries(served)) {
      const stored = sound.lines[at]?.served?.[part];
      if (value === stored) continue;
      hasNoticed = true;
      const isLacking = MAY_LACK.has(part) && isPartOf(value, stored);
      if (value !== 'refused' && !isLacking) wrong.push(`${part} of ${id}`);
    }
  return { crashedAtOpen: false, hasNoticed, wrong };
};

describe('a damaged data file', () => {
  const folder = folders();

  /** Where LMDB keeps its own books: both meta pages, the headers of all others, and the lists of free pages. */
  const books = (file: Buffer): readonly number[] => {
    const isFirst =
      file.readBigUInt64LE(TRANSACTION_AT) > file.readBigUInt64LE(PAGE_BYTES + TRANSACTION_AT);
    const free = Number(file.readBigUInt64LE((isFirst ? 0 : PAGE_BYTES) + FREE_ROOT_AT));
    return Array.from({ length: file.length / PAGE_BYTES }, (_, page) => {
      const length = page < 2 ? META_BYTES : page === free ? PAGE_BYTES : HEADER_BYTES;
      return Array.from({ length }, (_, at) => page * PAGE_BYTES + at);
    }).flat();
  };

  const flip = (at: number, bit: number) => ({
    what: `bit ${bit} of byte ${at} flipped`,
    to: (file: Buffer) => void file.writeUInt8(file.readUInt8(at) ^ (1 << bit), at),
  });

  const damages = (dice: Dice, base: Buffer, size = base.length, inBooks = books(base)) => [
    ...Array.from({ length: BITS }, () => flip(dice.int(0, size - 1), dice.int(0, 7))),
    ...Array.from({ length: BITS }, () => flip(dice.pick(inBooks), dice.int(0, 7))),
    ...Array.from({ length: PAGES }, (_, number) => {
      const page = dice.int(0, size / PAGE_BYTES - 1);
      const other = dice.int(0, size / PAGE_BYTES - 1);
      const kind = ['zeroes', 'noise', 'another page'][number % 3];
      return {
        what: `page ${page} overwritten with ${kind}${kind === 'another page' ? ` (${other})` : ''}`,
        to: (file: Buffer) => {
          const target = file.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
          if (kind === 'zeroes') target.fill(0);
          else if (kind === 'another page') file.copy(target, 0, other * PAGE_BYTES);
          else for (let at = 0; at < target.length; at += 1) target[at] = dice.int(0, 255);
        },
      };
    }),
  ];

  it(`is never served and never crashes an opening: 2 x ${BITS} bits, ${PAGES} pages`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    const dice = new Dice();
    const dir = folder();
    await fill(dir);
    const base = readFileSync(join(dir, 'data.mdb'));
    const sound = await read(dir);
    const wrong: string[] = [];
    const counts = { refused: 0, noticed: 0, foundByReading: 0, harmless: 0 };
    const scratch = folder();
    for (const [number, damage] of damages(dice, base).entries()) {
      const hurt = join(scratch, String(number));
      mkdirSync(hurt);
      copyFileSync(join(dir, 'store.json'), join(hurt, 'store.json'));
      const file = Buffer.from(base);
      damage.to(file);
      writeFileSync(join(hurt, 'data.mdb'), file);
      const { isSound } = await verifyInChild(hurt);
      const reading = await read(hurt);
      const { crashedAtOpen, hasNoticed, ...judged } = judge(sound, reading);
      if (crashedAtOpen) wrong.push(`${damage.what}: opening it crashed with ${reading.signal}`);
      if (isSound && hasNoticed) wrong.push(`${damage.what}: reading everything did not find it`);
      for (const what of judged.wrong) wrong.push(`${damage.what}: ${what} is not what was stored`);
      if (reading.lines[0]?.refused !== undefined) counts.refused += 1;
      else if (hasNoticed) counts.noticed += 1;
      else if (isSound) counts.harmless += 1;
      else counts.foundByReading += 1;
      rmSync(hurt, { recursive: true });
    }
    console.info(JSON.stringify(counts));
    expect(wrong, `GREENROOM_SEED=${dice.seed}`).toEqual([]);
  });
});
