/**
 * The pages, and the docstrings of what the package exports, are in plain English: subject, verb, object. A word list
 * holds out the turns of phrase that made them hard to read.
 */
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { documentNamed, PAGES } from './readme.ts';

/** Each with what to write instead. */
const AVOIDED: readonly (readonly [RegExp, string])[] = [
  [/\bwho(?:m)?ever\b/i, 'the caller, the reader, each process that …'],
  [/\b(?:no|some|any|every)body\b/i, 'the subject: no caller, another process, a user'],
  [/(?<!\bthere )\b(?:is|are|was|were) none\b/i, 'is not one, does not exist'],
  [/\b(?:is|are|was|were|be|been|being|gets?) told\b/i, 'is reported, is called with, receives'],
  [/\b(?:tells?|told) of\b/i, 'reports, describes'],
  [/(?:^|[.:;] )Told /, 'called when …, called with …, sent when …'],
  [/\b(?:by|for|from|to) who\b/, 'by processes that …, for a caller that …'],
  [/\btakes? (?:\S+ ){1,4}along\b/i, 'stops, removes, ends … too'],
  [/\banew\b/i, 'again'],
  [/(?:^|[.:;] )Who (?![^.]*\?)/, 'callers are …, the process that …'],
];

const DOORS = [
  'src/index.ts',
  'src/client/index.ts',
  'src/stores/index.ts',
  'src/otp/index.ts',
  'src/agent-sdk/index.ts',
  'src/testing/index.ts',
];

/** A door, and the files that it exports from. */
const behind = (door: string): readonly string[] => [
  door,
  ...[...documentNamed(door).matchAll(/^export [^;]*? from '(\.[^']+)'/gm)].map(([, path = '']) =>
    join(dirname(door), path),
  ),
];

interface Passage {
  readonly place: string;
  readonly text: string;
}

const docstringsOf = (path: string): readonly Passage[] => {
  const code = documentNamed(path);
  return [...code.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(({ 1: text = '', index }) => ({
    place: `${path}:${code.slice(0, index).split('\n').length}`,
    text: text.replaceAll(/\s*\n\s*\*? ?/g, ' ').trim(),
  }));
};

/** Paragraphs, list items and rows, so that a phrase over two lines is found. */
const passagesOf = (path: string): readonly Passage[] => {
  let line = 1;
  return documentNamed(path)
    .split(/(?<=\n)(?=\n|[-|#] |\d+\. |\s+\/\/)/)
    .map((block) => {
      const place = `${path}:${line}`;
      line += block.split('\n').length - 1;
      return { place, text: block.replaceAll(/\s+/g, ' ').trim() };
    });
};

const faultsIn = ({ place, text }: Passage): readonly string[] =>
  AVOIDED.flatMap(([pattern, instead]) => {
    const [found] = pattern.exec(text) ?? [];
    return found === undefined ? [] : [`${place}: "${found.trim()}"; write: ${instead}`];
  });

test.each([
  'Who asks first has it first.',
  'The lock is free; whoever comes next has it.',
  'Nobody is told.',
  'A cleanup that is none.',
  'It waits: Who comes late is refused.',
])('a sentence in the old manner is found: %s', (text) => {
  expect(faultsIn({ place: 'here', text })).not.toEqual([]);
});

test.each([
  'Callers are served in request order.',
  'Rejects if there is none.',
  'It knows who is live.',
  'Who is live? The registry knows.',
])('a plain sentence is let pass: %s', (text) => {
  expect(faultsIn({ place: 'here', text })).toEqual([]);
});

test.each([...PAGES, 'ARCHITECTURE.md', 'HACKING.md'])('%s is in plain English', (page) => {
  expect(passagesOf(page).flatMap(faultsIn)).toEqual([]);
});

test.each(DOORS)('the docstrings behind %s are in plain English', (door) => {
  const passages = behind(door).flatMap(docstringsOf);
  expect(passages.length).toBeGreaterThan(1);
  expect(passages.flatMap(faultsIn)).toEqual([]);
});
