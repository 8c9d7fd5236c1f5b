/**
 * Every `npx greenroom …` of the README and the guides, run in its order through the command line against a running
 * Greenroom with a broker. What they run must succeed.
 */
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupsCare } from '../../src/app/backups-care.ts';
import { faultsOfFiles } from '../../src/app/settings-files.ts';
import { verifyDerived } from '../../src/app/verify-derived.ts';
import { runCli } from '../../src/cli/run.ts';
import type { Screen, Shell } from '../../src/cli/shell.ts';
import { connectClient } from '../../src/client/client.ts';
import { examineBroker } from '../../src/nats/examine-broker.ts';
import { newestSonnet } from '../../src/pricing/price.ts';
import { textIndexName } from '../../src/session/ports/text-index.ts';
import { storeCare } from '../../src/storage/backup/care.ts';
import { readStoreFile } from '../../src/storage/verify/store-file.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { codeIn, documentNamed, fencesIn, PAGES, ROOT, shellLines } from './readme.ts';
import { newFolder, type Running, startWithBroker } from './running.ts';
import { StandIns } from './stand-ins.ts';

interface Line {
  readonly text: string;
  readonly words: readonly string[];
  readonly stdin: string;
  readonly isInBackground: boolean;
}

const WORD = /'([^']*)'|([^\s']+)/g;

/** `echo 'text' | npx greenroom words… &`: as much of a shell as the pages use. */
const parse = (text: string): readonly Line[] => {
  const [, stdin = '', rest] = /^(?:echo '([^']*)' \| )?npx greenroom (.*)$/.exec(text) ?? [];
  if (rest === undefined) return [];
  const words = [...rest.matchAll(WORD)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const isInBackground = words.at(-1) === '&';
  return [{ text, words: isInBackground ? words.slice(0, -1) : words, stdin, isInBackground }];
};

const lines = shellLines().flatMap(parse);
/** Folders that the pages make before they use them. */
const folders = shellLines().flatMap((line) => /^mkdir (\S+)$/.exec(line)?.[1] ?? []);

/** What a page says that a command shows: `<!-- shown by: npx greenroom … -->` before it. */
const shown: ReadonlyMap<string, string> = new Map(
  PAGES.map(documentNamed)
    .flatMap(fencesIn)
    .flatMap(({ marker, text }) => {
      const [, command] = /^shown by: (.+)$/.exec(marker ?? '') ?? [];
      return command === undefined ? [] : [[command, text] as const];
    }),
);

interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** One for all lines: what one writes, the next one reads. */
const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** What these pages start beside the Greenroom that runs already. */
const standIns = new StandIns();
afterAll(() => standIns.end());

const run = async (words: readonly string[], { env = {}, stdin = '' }: World = {}) => {
  const out: string[] = [];
  const screen: Screen = {
    write: (text) => void out.push(text),
    exactly: (text) => void out.push(text),
    isTerminal: false,
    columns: undefined,
  };
  const shell: Shell = {
    stdout: screen,
    stderr: screen,
    stdin: (async function* () {
      yield Buffer.from(stdin);
    })(),
    env: { GREENROOM_MIN_FREE_MB: '1', ...env },
    cwd: folder,
    version: '0.0.0',
    script: '/opt/greenroom/main.cjs',
    mark: 'the-mark-of-the-test',
    nowMs: () => Date.now(),
    sleep: (ms) => pause(ms),
    connect: connectClient,
    runDaemon: async () => 0,
    launch: (args) => standIns.launch(args, env['GREENROOM_DATA_DIR'] ?? ''),
    examineFiles: faultsOfFiles,
    storeCare: async () => storeCare,
    verifyDerived,
    backupsCare: async () => backupsCare,
    examineBroker: (place, storeDir) =>
      examineBroker({ ...place, storeId: readStoreFile(storeDir)?.storeId }),
    newestModel: newestSonnet,
  };
  const code = await runCli(words, shell);
  return { code, out: out.join('') };
};

describe.skipIf(withoutNatsServer())('the commands', () => {
  const home = newFolder();
  let running: Running;

  beforeAll(async () => {
    cpSync(join(ROOT, 'test/fixtures/transcripts'), join(home, '.claude/projects'), {
      recursive: true,
    });
    for (const name of folders) mkdirSync(join(folder, name));
    // Somebody else's log: it is refused, and the command says so by its exit code.
    rmSync(join(home, '.claude/projects/entireio__cli/ec-38b74f08e3-2.jsonl'));
    const json = fencesIn(documentNamed('docs/guide/jobs.md')).filter(
      ({ language }) => language === 'json',
    );
    running = await startWithBroker(json[0]?.text);
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  const statusOf = async (sessionId: string): Promise<string | undefined> =>
    (await running.greenroom.sessions.get(sessionId).catch(() => undefined))?.status;

  const isAsked = async (): Promise<boolean> =>
    (await running.greenroom.sessions.search({ status: ['waiting'] })).sessions.length > 0;

  const index = () => running.greenroom.system.find(textIndexName);

  test.each(lines)('$text', async ({ text, words, stdin, isInBackground }) => {
    if (words.includes('search')) await until(() => index()?.lag().textWaiting === 0);
    if (words[0] === 'approvals') await until(isAsked);
    const { natsUrl, dataDir } = running;
    const env = { NATS_URL: natsUrl, GREENROOM_DATA_DIR: dataDir, XDG_CONFIG_HOME: home };
    const args = words.map((word) => word.replace(/^~/, home));
    const done = run(args, { env, stdin });
    if (isInBackground) {
      if (words[0] === 'send')
        await until(async () => /running|waiting/.test((await statusOf(words[1] ?? '')) ?? ''));
      return;
    }
    const { code, out } = await done;
    expect(out).not.toBe('');
    expect(code, out).toBe(0);
    expect(out).toContain(shown.get(text)?.trimEnd() ?? '');
  });

  test('the agent of the page has done its work', () => {
    const notes = readFileSync(join(folder, 'agent-demo', 'notes.md'), 'utf8');
    expect(notes).toBe('We drink coffee.');
  });
});

const helpOf = async (...command: string[]): Promise<string> =>
  (await run([...command, '--help'])).out;

const commandsIn = (help: string): readonly string[] =>
  [...(help.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => name !== 'help');

/** Each command's path with its help, the groups' too. */
const allHelp = async (path: readonly string[] = []): Promise<ReadonlyMap<string, string>> => {
  const help = await helpOf(...path);
  const below = commandsIn(help).map((name) => allHelp([...path, name]));
  const pairs = (await Promise.all(below)).flatMap((map) => [...map]);
  return new Map([[path.join(' '), help], ...pairs]);
};

test('every command is shown at work', async () => {
  const leaves = [...(await allHelp())]
    .filter(([path, help]) => path !== '' && commandsIn(help).length === 0)
    .map(([path]) => path);
  const runs = lines.map(({ words }) => `${words.join(' ')} `);
  const isShown = (path: string) => runs.some((line) => line.startsWith(`${path} `));
  // they need a process, a person, a server with a changed tool, a session with branches, or a backup of their own
  const elsewhere = [
    'backups delete',
    'start',
    'chat',
    'mcp show',
    'mcp accept',
    'sessions choose',
  ];
  expect(leaves.filter((path) => !elsewhere.includes(path) && !isShown(path))).toEqual([]);
});

test('every option that the text names is one', async () => {
  const help = [...(await allHelp()).values()].join('\n');
  const ofOthers = ['--replies', '--packages', '--external'];
  const text = PAGES.map((page) => documentNamed(page).replaceAll(/```[\s\S]*?```/g, '')).join(
    '\n',
  );
  const named = codeIn(text).flatMap((words) => /^--[a-z-]+/.exec(words)?.[0] ?? []);
  expect(named).not.toEqual([]);
  expect(named.filter((option) => !help.includes(option) && !ofOthers.includes(option))).toEqual(
    [],
  );
});
