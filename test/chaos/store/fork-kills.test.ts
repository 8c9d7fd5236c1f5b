/** Forks, deletions and purges, killed at any moment: nobody loses an entry, nothing is kept for nobody. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { SessionKey } from '../../../src/model/ids.ts';
import { builtFile } from '../../../src/platform/compiled.ts';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import { verifyInChild } from '../../../src/storage/verify/verify.ts';
import { removeFork } from '../../storage/contract-forks.ts';
import { read } from '../../support/read-journal.ts';
import { isFull } from '../size.ts';

const CYCLES = isFull() ? 300 : 8;

interface Told {
  readonly found?: string;
  readonly texts?: string[];
  readonly opened?: true;
  readonly appended?: string;
  readonly text?: string;
  readonly forked?: string;
  readonly of?: string;
  readonly atSeq?: number;
  readonly deleting?: string;
}

/** What must be there, told by the processes that are gone. */
class Ledger {
  #known = new Map<string, string[]>();
  #going = new Set<string>();
  acknowledged = 0;

  note(life: readonly Told[]): void {
    const end = life.findIndex(({ opened }) => opened);
    if (end !== -1) this.#compare(new Map(life.slice(0, end).map(pairOf)));
    for (const told of life.slice(end + 1)) this.#take(told);
  }

  #compare(found: ReadonlyMap<string, string[]>): void {
    for (const [id, texts] of this.#known) {
      const now = found.get(id);
      if (now === undefined && this.#going.has(id)) continue;
      // One more may have been on its way when the process was killed.
      expect(now?.slice(0, texts.length), id).toEqual(texts);
      expect((now ?? []).length - texts.length, id).toBeLessThanOrEqual(1);
    }
    this.#known = new Map([...found]);
    this.#going = new Set();
  }

  #take({ appended, text = '', forked, of = '', atSeq, deleting }: Told): void {
    this.acknowledged += 1;
    if (deleting !== undefined) this.#going.add(deleting);
    if (forked !== undefined) this.#known.set(forked, (this.#known.get(of) ?? []).slice(0, atSeq));
    if (appended === undefined) return;
    this.#known.set(appended, [...(this.#known.get(appended) ?? []), text]);
  }
}

const pairOf = ({ found = '', texts = [] }: Told): [string, string[]] => [found, texts];

const live = async (dir: string, ms: number): Promise<Told[]> => {
  builtFile('src/storage/lmdb/lmdb-store.js');
  const script = fileURLToPath(new URL('./fork-child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const wasOpen = text.includes('"opened"');
    text += chunk;
    if (!wasOpen && text.includes('"opened"')) setTimeout(() => child.kill('SIGKILL'), ms);
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Told);
};

it(`forks and deletions survive kill -9, ${CYCLES} times`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-forks-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const ledger = new Ledger();
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    ledger.note(await live(dir, 50 + ((cycle * 97) % 300)));
    expect(await verifyInChild(dir)).toMatchObject({ isSound: true });
  }
  console.info(`${ledger.acknowledged} acknowledged changes in ${CYCLES} lives, none lost`);
  await mustEndEmpty(dir);
}, 600_000);

/** When all are deleted and purged, nobody's entries are left. */
const mustEndEmpty = async (dir: string): Promise<void> => {
  const { journal, close } = await openLmdbJournal({ dir });
  const keys: SessionKey[] = [];
  await journal.scanRows(({ key }) => keys.push(key));
  const heads: Parameters<typeof removeFork>[0][] = [];
  for (const key of keys) {
    const head = await read(journal).head(key);
    if (head !== undefined) heads.push(head);
  }
  for (const head of heads) await journal.commit(removeFork(head));
  for (let left = true; left; ) left = (await journal.purge(100)).left;
  await close();
  const verdict = await verifyInChild(dir);
  expect(verdict).toMatchObject({ isSound: true, report: { sessions: 0, entries: 0 } });
};
