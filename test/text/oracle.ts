/** What a plain scan finds: the tokeniser over everything that is stored, message by message. */
import { firstSeqOf } from '../../src/classic/classic-head.ts';
import type { Greenroom } from '../../src/index.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { catalogName } from '../../src/session/ports/catalog.ts';
import { isKnown, journalName } from '../../src/session/ports/journal.ts';
import { piecesOf } from '../../src/text/extract.ts';
import { wantedBy } from '../../src/text/phrase.ts';
import { aboutOf } from '../../src/text/reading.ts';
import { tokensOf } from '../../src/text/tokens.ts';

/** The tokens of a message with a space before and behind each, its pieces and names apart. */
type Row = string;

const rowOf = (pieces: readonly string[]): Row =>
  pieces
    .map(tokensOf)
    .flatMap(({ words, names }) => [words, ...names])
    .map((run) => ` ${run.map(({ text }) => text).join(' ')} `)
    .join('|');

export class Oracle {
  readonly #sessions: ReadonlyMap<string, readonly Row[]>;

  private constructor(sessions: ReadonlyMap<string, readonly Row[]>) {
    this.#sessions = sessions;
  }

  static async of({ system }: Pick<Greenroom, 'system'>): Promise<Oracle> {
    const sessions = new Map<string, readonly Row[]>();
    const tenant = sessionKey('default', 'any').tenant;
    const criteria = { sortBy: 'createdAt', order: 'asc', limit: 1_000 } as const;
    for (const { key } of (await system.fetch(catalogName).search(tenant, criteria)).rows) {
      const session = await system.fetch(journalName).open(key);
      if (!isKnown(session)) continue;
      const rows = [aboutOf(session.head)];
      const limit = Number.MAX_SAFE_INTEGER;
      for (const entry of await session.entries({ from: firstSeqOf(session.head), limit }))
        if (entry.kind !== 'view' && !(entry.kind === 'message' && entry.isPartial === true))
          rows.push(piecesOf(entry.kind, entry.body, 'talk'));
      sessions.set(key.sessionId, rows.map(rowOf));
    }
    return new Oracle(sessions);
  }

  /** Sessions that have it, in order. */
  find(asked: string): readonly string[] {
    const wanted = wantedBy(asked);
    const has = (row: Row) =>
      wanted.some(({ tokens, isPrefix }) =>
        row.includes(` ${tokens.join(' ')}${isPrefix ? '' : ' '}`),
      );
    return [...this.#sessions]
      .filter(([, rows]) => rows.some(has))
      .map(([sessionId]) => sessionId)
      .toSorted();
  }

  /** Words, beginnings and phrases out of the texts: the rarest, the most common, and some between. */
  questions(count: number): readonly string[] {
    const uses = new Map<string, number>();
    const phrases: string[] = [];
    for (const run of [...this.#sessions.values()].flat().flatMap((row) => row.split('|'))) {
      const words = run.split(' ').filter(Boolean);
      for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1);
      const [one, two, three] = words.slice(words.length >> 1);
      if (three !== undefined) phrases.push(`${one} ${two}`, `${one} ${two} ${three}`);
    }
    const words = [...uses].sort((a, b) => b[1] - a[1]).map(([word]) => word);
    const some = (all: readonly string[]) =>
      all.filter((_, at) => at % Math.ceil(all.length / count) === 0);
    return [
      ...some(words),
      ...words.slice(0, 5),
      ...some(words).map((word) => `${word.slice(0, 3)}*`),
      ...some(phrases),
    ];
  }
}
