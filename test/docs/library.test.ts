/** What the guide says of the library is what its door gives, and the data directory holds the files that the operations page lists. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ArchivesFacade,
  SchedulesFacade,
  SessionsFacade,
  TasksFacade,
  TemplatesFacade,
} from '../../src/index.ts';
import { SESSION, SESSIONS } from '../../src/session/verbs/verb-facts.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { codeIn, codeInColumn, documentNamed, tableBelow } from './readme.ts';
import { type Running, startWithBroker } from './running.ts';

const GUIDE = documentNamed('docs/guide/library.md');

/** A paragraph of a list, from its first words. */
const item = (beginning: string): string => {
  const from = GUIDE.indexOf(`- ${beginning}`);
  const [text = ''] = GUIDE.slice(from + 2).split(/\n(?:- |\n)/);
  return text;
};

/** Verbs that only programs ask step by step, those of `store()`, and a second name: other methods stand for them. */
const STEPS = /^(mirror-.*|import.*|export|list|save|load|classic|watch-.*)$/;
/** Other methods for these, and one that gives more of what its verb says. */
const WHOLES = ['exportSession', 'importSession', 'watch', 'forkWithDirectory'];
const camelCase = (verb: string): string =>
  verb.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

test('sessions has a method for each verb, by its name', () => {
  const methods = Object.getOwnPropertyNames(SessionsFacade.prototype);
  const verbs = Object.keys({ ...SESSION, ...SESSIONS }).filter(
    (verb) => !STEPS.test(verb) && !verb.includes('.'),
  );
  expect(methods.filter((name) => name !== 'constructor').toSorted()).toEqual(
    [...verbs.map(camelCase), ...WHOLES].toSorted(),
  );
});

test('templates, tasks, schedules and archives have a method for each verb of theirs', () => {
  const facades = {
    ...{ templates: TemplatesFacade, tasks: TasksFacade, schedules: SchedulesFacade },
    archives: ArchivesFacade,
  };
  const methods = Object.entries(facades).flatMap(([noun, { prototype }]) =>
    Object.getOwnPropertyNames(prototype).map((name) => `${noun}.${name}`),
  );
  // Bytes come a page at a time, and a program reads all of them.
  const verbs = { 'archives.download': 'archives.read', 'archives.takeOver': 'archives.take-over' };
  const read = methods.map((name) => verbs[name as keyof typeof verbs] ?? name);
  expect(read.filter((name) => !name.endsWith('.constructor')).toSorted()).toEqual(
    Object.keys(SESSIONS)
      .filter((verb) => verb.includes('.'))
      .toSorted(),
  );
});

test('the methods that the text names are there', () => {
  const [, ...named] = codeIn(item('`sessions` has a method'));
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !Object.hasOwn(SessionsFacade.prototype, name))).toEqual([]);
});

test('the types that are named are exported', () => {
  const door = documentNamed('src/index.ts');
  const named = codeIn(item('The package brings its types')).filter((word) =>
    /^[A-Z]\w+$/.test(word),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !new RegExp(`\\b${name}\\b`).test(door))).toEqual([]);
});

describe.skipIf(withoutNatsServer())('the data directory', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithBroker();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  test('holds the files of the table', async () => {
    const { dataDir } = running;
    const files = () =>
      readdirSync(dataDir, { withFileTypes: true }).flatMap(({ name }) =>
        name === 'store' ? readdirSync(`${dataDir}/store`).map((file) => `store/${file}`) : [name],
      );
    const named = codeInColumn(tableBelow('Files', documentNamed('docs/operations.md')), 0).map(
      (path) => path.replace(/\/$/, ''),
    );
    // Or of MCP servers, of targets to notify, of sessions without a working directory: it has none of them.
    const ofOthers = [
      'backing-up',
      'daemon.json',
      'log',
      'mcp',
      'notifications',
      'workspaces',
      'tokens.json',
    ];
    // The launcher's mark comes with the first command, and its output is a file where it is long.
    const settings = { workingDirectory: dataDir, allowedTools: ['Bash'] };
    const prompt = '[[rehearse: tool=Bash input={"command":"seq 20000"}]]';
    for await (const _ of running.greenroom.turn('long', prompt, { session: settings }));
    await running.greenroom.sessions.putBudget({ scope: 'owner', value: 'ann', maxUsd: 1 });
    await running.greenroom.sessions.create('over', {});
    await running.greenroom.sessions.complete('over');
    await running.greenroom.sessions.archive('over', { waitMs: 20_000 });
    // The text index comes a moment later.
    await expect.poll(() => [...files(), ...ofOthers].toSorted()).toEqual(named.toSorted());
  });
});
