/** `greenroom import`: transcripts, exports and classic files into the store. Running it again adds only what is new. */
import { resolve } from 'node:path';
import { CliError } from '../failure.ts';
import { kindOfFile } from '../import/file-kind.ts';
import type { FileResult } from '../import/import-session.ts';
import { importFiles } from '../import/importer.ts';
import { importOther } from '../import/other-files.ts';
import { ProgressBar } from '../import/progress-bar.ts';
import { type ImportSummary, summarise, summaryText } from '../import/summary.ts';
import { sumOf } from '../import/totals.ts';
import { type FoundFile, findFiles } from '../import/walk.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';

export const registerImport = (registration: Registration): void => {
  registration.program
    .command('import <paths...>')
    .description(
      'Claude Code transcripts, our exports, classic session files; or directories of them',
    )
    .option(
      '--replace',
      'delete the session of a file that was changed, or that was deleted here, and store it anew',
    )
    .action(
      act<[string[]], { readonly replace?: true }>(registration, (run, [paths], { replace }) =>
        run.withDaemon((daemon) => importPaths(daemon, run, paths, replace === true)),
      ),
    );
};

const importPaths = async (
  daemon: DaemonClient,
  run: Invocation,
  paths: readonly string[],
  replace: boolean,
): Promise<void> => {
  const { shell, out } = run;
  const { files, left } = await findFiles(paths.map((path) => resolve(shell.cwd, path)));
  if (files.length + left.length === 0)
    throw new CliError(3, `no *.jsonl files below ${paths.join(', ')}`, 'name another path');
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  const bar = new ProgressBar(shell.stderr, totalBytes, () => shell.nowMs());
  const results: FileResult[] = [];
  const sleep = (ms: number) => shell.sleep(ms);
  const onFile = (result: FileResult) => {
    results.push(result);
    if (out.isJson) out.one(result, () => '');
  };
  for (const each of left) onFile({ ...nothingOf(each), ...each });
  const transcripts: FoundFile[] = [];
  const others: FileResult[] = [];
  let otherBytes = 0;
  for (const file of files) {
    const kind = await kindOfFile(file).catch((error: Error) => error);
    if (kind === 'transcript') transcripts.push(file);
    else if (kind instanceof Error)
      onFile({ ...nothingOf(file), status: 'failed', reason: kind.message });
    else {
      const result = await importOther(file, kind, { daemon, sleep });
      onFile(result);
      others.push(result);
      otherBytes += file.size;
      bar.update(otherBytes);
    }
  }
  // Each byte is read twice: to see what there is, and to store it.
  const onProgress = (doneBytes: number) => bar.update(otherBytes + doneBytes / 2);
  const spent = await importFiles(transcripts, { daemon, sleep, replace, onProgress, onFile });
  bar.clear();
  const summary = summarise(results, sumOf([spent, ...others]));
  out.one({ summary }, () => summaryText(summary));
  judge(summary);
};

const nothingOf = ({ path }: { readonly path: string }) => ({
  ...{ path, lines: 0, added: 0, malformed: 0, recovered: 0 },
});

const judge = ({ files, refused, failed }: ImportSummary): void => {
  if (failed.length > 0)
    throw new CliError(
      1,
      `${failed.length} of ${files} files failed${sharedReason(failed)}`,
      'run it again: it goes on where it stopped',
    );
  if (refused.length === files)
    throw new CliError(4, refused.length === 1 ? (refused[0]?.reason ?? '') : 'all were refused');
  if (refused.length > 0)
    throw new CliError(
      1,
      `${refused.length} of ${files} files were refused${sharedReason(refused)}`,
      'the others are stored; the list above says why for each',
    );
};

/** The reason of all of them; where they have several, that of one would be told of the others too. */
const sharedReason = ([first, ...others]: ImportSummary['refused']): string =>
  first !== undefined && others.every(({ reason }) => reason === first.reason)
    ? `: ${first.reason}`
    : '';
