/** Looks over what is derived from the store, the snapshot of the catalog and the text index: what `greenroom doctor --verify` adds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DerivedPart } from '../../model/derived.ts';
import { grouped, several } from '../format.ts';
import type { Invocation } from '../invocation.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** Of many the first ones are shown; `--json` has a hundred. */
const MAX_SHOWN = 20;

export const checkDerived = async (run: Invocation): Promise<readonly Check[]> => {
  const { config } = run.config();
  if (!existsSync(join(config.dataDir, 'store'))) return [];
  try {
    const { snapshot, index } = await run.shell.verifyDerived(config);
    return [
      ...checksOf(run, 'snapshot', snapshot, join(config.dataDir, 'catalog.snapshot')),
      ...checksOf(run, 'text index', index, join(config.dataDir, 'text')),
    ];
  } catch (error) {
    return [fail('derived', (error as Error).message, 'look at the log, and run it again')];
  }
};

const checksOf = (run: Invocation, name: string, part: DerivedPart, path: string): Check[] => {
  if (part.is === 'none') return [ok(name, part.why)];
  if (part.is === 'useless')
    return [warn(name, part.why, 'nothing: the next start makes it again')];
  const { sessions, wrong, named, behind = 0 } = part;
  const behindHow = behind === 0 ? '' : `; ${grouped(behind)} are yet to be taken in`;
  const all = `${several(sessions, 'session')}${behindHow}`;
  if (wrong === 0) return [ok(name, `${all}: as the store has them`)];
  const shown = run.out.isJson ? named : named.slice(0, MAX_SHOWN);
  return [
    fail(
      name,
      `${grouped(wrong)} ${wrong === 1 ? 'fault' : 'faults'} in ${all}`,
      `stop the daemon, remove ${path}, and start it: it is made again from the store`,
    ),
    ...shown.map(({ tenant, sessionId, why }) => ({
      ...{ name, status: 'fail' as const, finding: `${tenant}/${sessionId}: ${why}` },
    })),
  ];
};
