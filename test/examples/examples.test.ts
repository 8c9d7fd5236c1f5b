/** The programs in `examples/`, each started in an empty folder as a user would, print what their page says. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { documentNamed, fencesIn, ROOT } from '../docs/readme.ts';

const run = promisify(execFile);

const names = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The text below the example's heading. */
const printedBy = (name: string): string | undefined => {
  const page = documentNamed('examples/README.md');
  const section = page.split(/^## /m).find((one) => one.startsWith(`${name}\n`));
  return fencesIn(section ?? '').find(({ marker }) => marker === 'prints')?.text;
};

describe('the examples', () => {
  let model: Rehearsal | undefined;
  beforeAll(async () => {
    model = await startRehearsal();
  });
  afterAll(() => model?.close());

  const output = async (name: string): Promise<string> => {
    model?.clear();
    const cwd = mkdtempSync(join(tmpdir(), 'greenroom-example-'));
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
    const { ANTHROPIC_API_KEY: _, ...outside } = process.env;
    const env = { ...outside, HOME: cwd, ANTHROPIC_BASE_URL: model?.url };
    return (await run(process.execPath, [join(ROOT, 'examples', name, 'main.mjs')], { cwd, env }))
      .stdout;
  };

  test.each(names.filter((name) => name !== 'multi-turn'))('%s', async (name) => {
    expect(await output(name)).toBe(printedBy(name));
  });

  test('multi-turn', async () => {
    expect(await output('multi-turn')).toBe(printedBy('multi-turn'));
    const requests = model?.requests.toArray().map(({ body }) => body.messages) ?? [];
    // The third turn, in another process, carries the first two.
    expect(requests.map((messages) => messages.length)).toEqual([1, 3, 5, 7]);
    expect(requests[2]?.map(({ content }) => content)).toMatchObject([
      ...['My name is Ada.', [{ text: 'Rehearsal answer to: My name is Ada.' }]],
      ...['I like tea.', [{ text: 'Rehearsal answer to: I like tea.' }], 'What is my name?'],
    ]);
  });
});
