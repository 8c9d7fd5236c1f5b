import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { programFile } from '../../../src/platform/compiled.ts';
import { until } from '../../support/until.ts';
import { contextOf, executing, stepOf, user } from '../executing.ts';

/** One conversation: each step sees all that was said before. */
const CONVERSATION = ['Hello', 'What did I say?', 'And before that?'];

const EXECUTOR = new URL('../../../src/executor/', import.meta.url);
const FILES = readdirSync(EXECUTOR, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

type Executing = Awaited<ReturnType<typeof executing>>;

const converse = async ({ run, rehearsal }: Executing, between: () => Promise<void>) => {
  const messages: object[] = [];
  for (const prompt of CONVERSATION) {
    messages.push(user(prompt));
    const { body } = await run(
      stepOf('', { context: contextOf(...messages), system: 'Be brief.' }),
    );
    messages.push(JSON.parse(body));
    await between();
  }
  return [...rehearsal.requests].map(({ rawBody }) => rawBody.toString());
};

describe('a worker keeps nothing', () => {
  it('so a conversation sends the same bytes when each step runs on a fresh thread', async () => {
    const [one, fresh] = [await executing(), await executing()];
    const expected = await converse(one, () => Promise.resolve());
    let lastId = 1;
    const bytes = await converse(fresh, async () => {
      await fresh.pool.call('killThread', lastId++);
      await until(async () => {
        const [thread] = (await fresh.pool.call('status')).threads;
        return thread?.id === lastId && thread.state === 'ready';
      });
    });
    expect(bytes).toEqual(expected);
    expect(bytes).toHaveLength(CONVERSATION.length);
  });

  it.each(FILES)('so %s has no mutable state at module level', (file) => {
    const source = readFileSync(new URL(file, EXECUTOR), 'utf8');
    const lines = source.split('\n').filter((line) => /^(export )?(let|var) /.test(line));
    expect(lines).toEqual([]);
    const constants = source.split('\n').filter((line) => /^(export )?const .* = /.test(line));
    const mutable = constants.filter(
      (line) => /= (new |\[|\{)/.test(line) && !/: (readonly |Readonly)|Object\.freeze/.test(line),
    );
    expect(mutable).toEqual([]);
  });
});

describe('the program of a thread', () => {
  it('is found in dist from a source file', () => {
    expect(programFile('executor/models/model-worker')).toBe(
      fileURLToPath(
        new URL('../../../dist/programs/executor/models/model-worker.js', import.meta.url),
      ),
    );
  });

  it('that is missing is a failure that says what to do', () => {
    expect(() => programFile('executor/models/nothing')).toThrow(/run "npm run build"/);
  });
});
