/** An import in many chunks, killed at a chunk and begun again, ends as one that nobody disturbed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FileResult } from '../../src/cli/import/import-session.ts';
import { importFiles } from '../../src/cli/import/importer.ts';
import { findFiles } from '../../src/cli/import/walk.ts';
import { connectClient } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import { type EntryView, SessionsFacade, type SessionView } from '../../src/index.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { isFull } from './size.ts';
import { pause } from './waiting.ts';

const ID = '33333333-3333-4333-8333-333333333333';
const KILLS = isFull() ? 6 : 2;
/** About a dozen go into one chunk, which holds half a mebibyte. */
const LINES = (KILLS + 1) * 36;
/** Of a session that is gone on with here: before that, and with what came behind it elsewhere. */
const BEFORE = 6;
const BEHIND = BEFORE + (KILLS + 1) * 12;

/** What Claude Code would have written: prompts and long answers with their usage. */
const lineOf = (number: number): string => {
  const isPrompt = number % 2 === 1;
  const message = isPrompt
    ? { role: 'user', content: `prompt ${number}` }
    : {
        id: `msg_${number}`,
        role: 'assistant',
        model: 'claude-opus-4-5-20251101',
        content: [{ type: 'text', text: `${number} `.repeat(25_000) }],
        usage: { input_tokens: 100 + number, output_tokens: 10 },
      };
  return JSON.stringify({
    ...{ parentUuid: number === 1 ? null : `u${number - 1}`, uuid: `u${number}` },
    ...{ sessionId: ID, cwd: '/home/dev/app', isSidechain: false, message },
    ...(isPrompt ? { type: 'user' } : { type: 'assistant', requestId: `req_${number}` }),
    timestamp: new Date(1_764_000_000_000 + number * 1_000).toISOString(),
  });
};

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-transcripts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const writeLines = (folder: string, upTo: number): void => {
  const lines = Array.from({ length: upTo }, (_, at) => `${lineOf(at + 1)}\n`);
  writeFileSync(join(folder, `${ID}.jsonl`), lines.join(''));
};

const transcript = (): string => {
  const folder = newFolder();
  writeLines(folder, LINES);
  return folder;
};

/** As the command line imports; ends at once when the daemon does. */
const importOnce = async (
  daemon: DaemonProcess,
  servers: string,
  folder: string,
): Promise<readonly FileResult[]> => {
  const client = await connectClient({ servers });
  const results: FileResult[] = [];
  void daemon.gone.then(() => client.close());
  await importFiles((await findFiles([folder])).files, {
    daemon: client,
    sleep: () => pause(1),
    onProgress: () => undefined,
    onFile: (result) => void results.push(result),
  });
  await client.close();
  return results;
};

interface Imported {
  readonly session: Omit<SessionView, 'version' | 'importedAt'>;
  readonly entries: readonly EntryView[];
}

/** All of it, but for what tells when and in how many commits it came. */
const imported = (servers: string): Promise<Imported> =>
  withClient(servers, async (client) => {
    const sessions = new SessionsFacade(client);
    const { version: _, importedAt: __, ...session } = await sessions.get(ID);
    const entries: EntryView[] = [];
    for (let from: number | undefined = 1; from !== undefined; ) {
      const page = await sessions.messages(ID, { from, limit: 4 });
      entries.push(...page.entries);
      from = page.nextFrom;
    }
    return { session, entries };
  });

/** The copy goes on after the original's end, so the original has the better claim to what both have. */
const ORIGINAL = '44444444-4444-4444-8444-444444444444';
const COPY = '55555555-5555-4555-8555-555555555555';

const folderOf = (id: string, answers: number): string => {
  const folder = newFolder();
  const lines = Array.from({ length: answers }, (_, n) => {
    const asked = { type: 'user', message: { role: 'user', content: `ask ${n}` } };
    const usage = { input_tokens: 1_000 * 2 ** n, output_tokens: 0 };
    const message = { id: `msg_${n}`, role: 'assistant', model: 'claude-sonnet-4-5', usage };
    const said = { ...message, content: [{ type: 'text', text: `answer ${n}` }] };
    return [asked, { type: 'assistant', requestId: `req_${n}`, message: said }].map((line, at) => ({
      ...{ uuid: `${n}-${at}`, parentUuid: n + at === 0 ? null : `${n - 1 + at}-${1 - at}` },
      ...{ sessionId: id, cwd: '/srv/app', isSidechain: false, ...line },
      timestamp: new Date(1_764_000_000_000 + n * 60_000).toISOString(),
    }));
  });
  const text = lines.flat().map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(join(folder, `${id}.jsonl`), text.join(''));
  return folder;
};

/** In dollars: what all sessions cost, and each of them. A thousand input tokens are $0.003. */
const money = (servers: string) =>
  withClient(servers, async (client) => {
    const { costUsd } = await client.sessions('count', {});
    const { sessions } = await client.sessions('search', { limit: 10 });
    const of = Object.fromEntries(
      sessions.map(({ sessionId, totalCostUsd }) => [sessionId, totalCostUsd]),
    );
    return { costUsd, of };
  });

describe.skipIf(withoutNatsServer())('an answer that lies in two sessions', () => {
  it.each(['import.offered', 'import.counted'])(
    'counts once when the daemon is killed at %s',
    {
      timeout: 300_000,
    },
    async (crashpoint) => {
      const [original, copy] = [folderOf(ORIGINAL, 2), folderOf(COPY, 3)];
      const daemon = new DaemonProcess();
      const first = await daemon.start({ GREENROOM_CRASHPOINT: crashpoint });
      await importOnce(daemon, first.natsUrl, copy);
      await importOnce(daemon, first.natsUrl, original);
      expect(await daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
      const { natsUrl } = await daemon.start();
      // Recovery does it in its own time.
      await until(async () => (await money(natsUrl)).costUsd > 0.02);
      expect((await money(natsUrl)).costUsd).toBeCloseTo(0.021, 9);
      await importOnce(daemon, natsUrl, original);
      expect(await money(natsUrl)).toEqual({
        costUsd: expect.closeTo(0.021, 9),
        of: { [ORIGINAL]: expect.closeTo(0.009, 9), [COPY]: expect.closeTo(0.012, 9) },
      });
    },
  );
});

describe.skipIf(withoutNatsServer())('an import', () => {
  it(`that is killed ${KILLS} times at a chunk and begun again stores what an undisturbed one does`, {
    timeout: 600_000,
  }, async () => {
    const folder = transcript();
    const daemon = new DaemonProcess();
    for (let kill = 1; kill <= KILLS; kill++) {
      const { natsUrl } = await daemon.start({ GREENROOM_CRASHPOINT: 'import.chunk:2' });
      expect(await importOnce(daemon, natsUrl, folder)).toMatchObject([{ status: 'failed' }]);
      expect(await daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
    }
    const { natsUrl } = await daemon.start();
    const [result] = await importOnce(daemon, natsUrl, folder);
    expect(result).toMatchObject({ status: 'grown', lines: LINES });
    expect(result?.added).toBeLessThan(LINES);
    const undisturbed = new DaemonProcess();
    const other = await undisturbed.start();
    await importOnce(undisturbed, other.natsUrl, folder);
    expect(await imported(natsUrl)).toEqual(await imported(other.natsUrl));
  });

  it('of lines behind a turn of ours, killed and begun again, divides the session as an undisturbed one does', {
    timeout: 600_000,
  }, async () => {
    const divided = async (kills: number) => {
      const folder = newFolder();
      const daemon = new DaemonProcess();
      const first = await daemon.start();
      writeLines(folder, BEFORE);
      await importOnce(daemon, first.natsUrl, folder);
      const greenroom = await connect({ servers: first.natsUrl });
      await greenroom.turn(ID, 'said here', { turnId: 'ours', provider: 'rehearsal' }).result();
      await greenroom.close();
      await daemon.kill();
      writeLines(folder, BEHIND);
      for (let kill = 1; kill <= kills; kill++) {
        const { natsUrl } = await daemon.start({ GREENROOM_CRASHPOINT: `import.chunk:${kill}` });
        expect(await importOnce(daemon, natsUrl, folder)).toMatchObject([{ status: 'failed' }]);
        expect(await daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
      }
      const { natsUrl } = await daemon.start();
      await importOnce(daemon, natsUrl, folder);
      const { entries } = await imported(natsUrl);
      return withClient(natsUrl, async (client) => {
        const { branches, partedAfter } = await new SessionsFacade(client).branches(ID);
        const shown = branches.map(({ number, isChosen, isOpen, messages }) => ({
          ...{ number, isChosen, isOpen, messages },
        }));
        const theirs = entries.filter(({ type }) => type === 'imported');
        return { shown, partedAfter, theirs };
      });
    };
    const [disturbed, undisturbed] = [await divided(KILLS), await divided(0)];
    expect(undisturbed.shown).toMatchObject([
      { isChosen: true, messages: 2 },
      { isChosen: false, messages: BEHIND - BEFORE },
    ]);
    expect(undisturbed.theirs).toHaveLength(BEHIND);
    expect(disturbed).toEqual(undisturbed);
  });
});
