/**
 * Would the fuzz test notice? Each of these mistakes is put into a copy of the compiled program and has to be found.
 * CI tries one; `GREENROOM_FULL=1` all.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { startGreenroom } from '../../src/index.ts';
import type { Report } from '../../src/otp/report.ts';
import { createLog } from '../../src/platform/log.ts';
import { startRehearsal } from '../../src/rehearsal/server.ts';
import { isFull } from '../chaos/size.ts';
import { mutant, mutate } from '../support/mutant.ts';
import { basesIn } from './bases.ts';
import { type Fuzzed, fuzz } from './fuzz.ts';

const TIMEOUT_MS = 600_000;
/** Cases at most: what takes longer to find is not found. */
const CASES = 300;

const fuzzOf = async (dist: string): Promise<Fuzzed> => {
  const rehearsal = await startRehearsal();
  onTestFinished(() => rehearsal.close());
  const dataDir = join(dist, '..', 'data');
  const load = createRequire(`${dist}/`);
  const compiled = load('./src/index.js') as { startGreenroom: typeof startGreenroom };
  const greenroom = await compiled.startGreenroom({
    ...{ provider: 'anthropic', anthropicApiKey: 'any', anthropicBaseUrl: rehearsal.url },
    ...{ workers: 1, retryDelaySeconds: 0.001, drainSeconds: 0, minFreeMb: 0, dataDir },
    ...{ textSearch: 'off' },
    log: createLog({ level: 'silent' }),
  });
  onTestFinished(() => greenroom.stop());
  const reports: Report[] = [];
  greenroom.system.subscribeReports((report) => reports.push(report));
  const subject = { greenroom, dataDir, reports };
  return fuzz(subject, await basesIn(greenroom), { seed: 1, cases: CASES, isOneEnough: true });
};

const check = 'src/session/transfer/check.js';

describe('the fuzz test finds a program that', { timeout: TIMEOUT_MS }, () => {
  it.runIf(isFull())('believes what an export says of its session', async () => {
    const dist = mutant(check, /check\(Session, session, 0, 'session'\)/, 'session');
    expect((await fuzzOf(dist)).faults).not.toEqual([]);
  });

  it('believes an export, and stores what nobody can read', async () => {
    const dist = mutant(
      check,
      /const \{ success, error: found \} = /,
      'return value;\nconst { success, error: found } = ',
    );
    mutate(dist, 'src/storage/records/encode-change.js', / {4}mustBeReadable\(change\);/, '');
    expect((await fuzzOf(dist)).faults.join('\n')).toMatch(/internal|corrupt_record/);
  });

  // Only reading the whole store at the end finds it, so all cases are played.
  it.runIf(isFull())('believes the counters of an export', async () => {
    const dist = mutant(
      'src/session/transfer/tally.js',
      /return \{ sideTranscripts, messageCount: .*\};/,
      'return {};',
    );
    expect((await fuzzOf(dist)).faults.join('\n')).toMatch(/counts .* there are/);
  });
});
