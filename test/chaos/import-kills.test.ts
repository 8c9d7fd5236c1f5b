/** An import in many chunks, killed at a chunk and begun again, ends as one that nobody disturbed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FileResult } from '../../src/cli/import/import-session.ts';
import { importFiles } from '../../src/cli/import/importer.ts';
import { findFiles } from '../../src/cli/import/walk.ts';
import { connectClient } from '../../src/client/client.ts';
import { type EntryView, SessionsFacade, type SessionView } from '../../src/index.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { isFull } from './size.ts';
import { pause } from './waiting.ts';

const ID = '33333333-3333-4333-8333-333333333333';
const KILLS = isFull() ? 6 : 2;
/** About a dozen go into one chunk, which holds half a mebibyte. */
const LINES = (KILLS + 1) * 36;

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

const transcript = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-transcripts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines = Array.from({ length: LINES }, (_, at) => `${lineOf(at + 1)}\n`);
  writeFileSync(join(folder, `${ID}.jsonl`), lines.join(''));
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
  await importFiles(await findFiles([folder]), {
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
});
