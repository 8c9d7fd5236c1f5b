/**
 * Our view of a transcript against that of the official Agent SDK, on the same file. The SDK's is for
 * people: it leaves out lines that the client put in (`isMeta`). What else differs is explained here,
 * by rules and not by names of files.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isUnsaid } from '../../src/claude-code/describe-line.ts';
import { isObject, type RawLine } from '../../src/claude-code/raw-line.ts';
import { objectsOf } from '../../src/claude-code/read-line.ts';
import { rounds } from '../support/rounds.ts';
import { loadCorpora } from './corpora.ts';
import { type OfficialView, officialView, ourTalk, settled } from './official.ts';
import { transcripts } from './random-transcripts.ts';
import { bytes } from './records.ts';

const RUNS = process.env['GREENROOM_FULL'] ? 5_000 : rounds(150);

let official: OfficialView;
beforeAll(() => {
  official = officialView();
});
afterAll(() => official.close());

const isMessage = (record: RawLine): boolean =>
  record.type === 'user' || record.type === 'assistant';

/** A transcript of a sub-agent has nothing but its lines. */
const isAgents = (records: readonly RawLine[]): boolean =>
  records.some(isMessage) && records.filter(isMessage).every((r) => r.isSidechain === true);

/**
 * The SDK's view begins where a parent is not in the file (cut files, lines that a tool took out, the
 * oldest formats, which name none); ours goes on at the record before.
 */
const beginsAtMissingParent = (first: string, records: readonly RawLine[]): boolean => {
  const byUuid = new Map(records.map((record) => [record.uuid, record]));
  const seen = new Set<unknown>();
  let record = byUuid.get(first);
  while (record !== undefined && !seen.has(record)) {
    seen.add(record);
    if (record.parentUuid === null) return false;
    const parent = byUuid.get(record.parentUuid);
    if (parent === undefined || parent === record) return true;
    record = parent;
  }
  return true;
};

describe.each(loadCorpora())('$name', ({ samples }) => {
  const files = samples.filter(({ kind }) => kind !== 'foreign');

  test.each(files)('$file: the two views agree, but for what is explained', async ({ lines }) => {
    const records = lines.flatMap(objectsOf);
    const theirs = isAgents(records) ? await official.ofAgent(lines) : await official.of(lines);
    const ours = ourTalk(lines);
    const seen = new Set(ours.map(({ uuid }) => uuid));
    const byUuid = new Map(records.map((record) => [record.uuid, record]));

    const unsaid = theirs.filter((uuid) => !seen.has(uuid));
    expect(unsaid.filter((uuid) => !isUnsaid(byUuid.get(uuid) ?? {}))).toEqual([]);

    const said = theirs.filter((uuid) => seen.has(uuid));
    const begin = ours.findIndex(({ uuid }) => uuid === said[0]);
    if (begin > 0) expect(beginsAtMissingParent(said[0] ?? '', records)).toBe(true);
    const shared = ours.slice(Math.max(begin, 0));
    expect(
      settled(
        shared.map(({ uuid }) => uuid),
        ours,
      ),
    ).toEqual(settled(said, ours));
  });
});

test('the difference that is explained by meta lines is there', () => {
  const samples = loadCorpora().flatMap((corpus) => corpus.samples);
  const isMeta = (record: RawLine) => record.isMeta === true && record.type === 'user';
  const metas = samples.flatMap(({ lines }) => lines.flatMap(objectsOf)).filter(isMeta);
  expect(metas.filter(({ message }) => isObject(message)).length).toBeGreaterThan(0);
});

test('the two views agree on transcripts made up from a seed', async () => {
  await fc.assert(
    fc.asyncProperty(transcripts, async (records) => {
      const lines = records.map(bytes);
      const theirs = await official.of(lines);
      const ours = ourTalk(lines);
      expect(
        settled(
          ours.map(({ uuid }) => uuid),
          ours,
        ),
      ).toEqual(settled(theirs, ours));
    }),
    { numRuns: RUNS },
  );
}, 600_000);
