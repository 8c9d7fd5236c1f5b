/** What the running daemon tells about itself and its store. */
import { z } from 'zod';
import { failureOf } from '../failure.ts';
import { bytes, grouped } from '../format.ts';
import type { Invocation } from '../invocation.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** The parts of `daemon.status` that are judged here; all may be missing in another version. */
const Status = z.looseObject({
  pid: z.number().optional(),
  version: z.string().optional(),
  startedAt: z.string().optional(),
  journal: z
    .looseObject({
      kind: z.string().optional(),
      path: z.string().nullish(),
      fileBytes: z.number().nullish(),
      freeBytes: z.number().nullish(),
      readOnlyBecause: z.string().nullish(),
      commits: z.number().optional(),
      syncs: z.number().optional(),
      failedCommits: z.number().optional(),
    })
    .nullish(),
  lastErrors: z.array(z.unknown()).optional(),
});
type Status = z.infer<typeof Status>;

export const checkDaemon = async (run: Invocation): Promise<readonly Check[]> => {
  try {
    const answer = await run.withDaemon((daemon) => daemon.daemon('status', {}));
    return judge(Status.parse(answer));
  } catch (error) {
    const { exitCode, message, nextStep = 'greenroom start' } = failureOf(error);
    const isAway = exitCode === 5;
    return [(isAway ? warn : fail)('daemon', message, nextStep)];
  }
};

const judge = (status: Status): readonly Check[] => [
  ok(
    'daemon',
    `runs: process ${status.pid ?? '?'}, version ${status.version ?? '?'}, since ${status.startedAt ?? '?'}`,
  ),
  ...(status.journal ? [judgeStore(status.journal)] : []),
  ...errorsOf(status),
];

const judgeStore = (journal: NonNullable<Status['journal']>): Check => {
  const { readOnlyBecause, kind = '?', path, fileBytes, commits = 0, syncs = 0 } = journal;
  if (readOnlyBecause)
    return fail(
      'store',
      `takes no new work: ${readOnlyBecause}`,
      readOnlyBecause === 'disk_low'
        ? 'free some space, or delete with greenroom cleanup'
        : 'look into the log, then restart the daemon',
    );
  const size = typeof fileBytes === 'number' ? `, ${bytes(fileBytes)}` : '';
  const finding = `${kind}${path ? ` in ${path}` : ''}${size}, ${grouped(commits)} commits in ${grouped(syncs)} syncs`;
  const failed = journal.failedCommits ?? 0;
  return failed === 0
    ? ok('store', finding)
    : warn('store', `${finding}, ${grouped(failed)} commits failed`, 'the log says why');
};

const errorsOf = ({ lastErrors = [] }: Status): readonly Check[] =>
  lastErrors.length === 0
    ? []
    : [
        warn(
          'last errors',
          lastErrors
            .map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
            .join('; '),
          'the log has them in full',
        ),
      ];
