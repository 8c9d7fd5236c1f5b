/** Reads every record of the store: what `greenroom doctor --verify` adds. Works beside a running daemon. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { grouped, several } from '../format.ts';
import type { Invocation } from '../invocation.ts';
import { type Check, fail, ok } from './check.ts';

const NAME = 'records';
/** Of many broken records the first ones are shown; `--json` has a hundred. */
const MAX_SHOWN = 20;

export const checkRecords = async (run: Invocation): Promise<readonly Check[]> => {
  const storeDir = join(run.config().config.dataDir, 'store');
  if (!existsSync(storeDir)) return [ok(NAME, `no store in ${storeDir} yet`)];
  const care = await run.shell.storeCare();
  const { isSound, report, why = 'it cannot be read' } = await care.verify(storeDir);
  if (report === undefined) return [fail(NAME, why, RESTORE)];
  const { records, sessions, broken, problems, fileFault } = report;
  const all = `${several(records, 'record')} of ${several(sessions, 'session')}`;
  if (isSound) return [ok(NAME, `${all}, all sound`)];
  const shown = run.out.isJson ? problems : problems.slice(0, MAX_SHOWN);
  return [
    ...(fileFault === undefined ? [] : [fail(NAME, fileFault, RESTORE)]),
    fail(NAME, `${grouped(broken)} of ${all} are broken`, RESTORE),
    ...shown.map(({ key, why: wrong, session }) => ({
      ...{ name: 'record', status: 'fail' as const },
      finding: `${session === undefined ? '' : `${session.tenant}/${session.sessionId}: `}${key} ${wrong}`,
    })),
  ];
};

const RESTORE =
  'export what is sound, or put a backup back with greenroom restore; the rest of the store can be used';
