/** Real transcripts through the index: what it finds is what a plain scan with the same words finds, and nothing else. */
import { expect, it } from 'vitest';
import { isFull } from '../chaos/size.ts';
import { loadCorpora, stemOf } from '../claude-code/corpora.ts';
import { ownGreenroom } from '../support/greenroom.ts';
import { caughtUp } from './caught-up.ts';
import { Oracle } from './oracle.ts';

const QUESTIONS = isFull() ? 500 : 15;
const TIMEOUT_MS = isFull() ? 3_600_000 : 120_000;
/** Of one request. */
const LINES = 500;

it.each(loadCorpora())(
  'every hit of a plain scan of $name is found',
  { timeout: TIMEOUT_MS },
  async ({ samples }) => {
    const test = await ownGreenroom({ textSearch: 'talk' });
    for (const { file, lines, kind } of samples) {
      if (kind === 'foreign') continue;
      const sessionId = file.replaceAll(/[^A-Za-z0-9]/g, '-').slice(-100);
      for (let from = 0; from < lines.length; from += LINES)
        await test.greenroom.api.session(sessionId, 'import', {
          externalKey: `test:${stemOf(file)}:${sessionId}`,
          fromLine: from,
          lines: lines.slice(from, from + LINES).map((line) => Buffer.from(line).toString()),
        });
    }
    await caughtUp(test);
    const oracle = await Oracle.of(test.greenroom);
    const wrong: string[] = [];
    for (const text of oracle.questions(QUESTIONS)) {
      const { sessions, nextCursor } = await test.sessions.search({ text, limit: 1_000 });
      expect(nextCursor).toBeUndefined();
      const ids = sessions.map(({ sessionId }) => sessionId).toSorted();
      if (ids.join() !== oracle.find(text).join()) wrong.push(`${text}: ${ids.join()}`);
      for (const { sessionId, hit } of sessions)
        if (hit === undefined || hit.marks.length === 0)
          wrong.push(`${text}: no hit in ${sessionId}`);
    }
    expect(wrong).toEqual([]);
  },
);
