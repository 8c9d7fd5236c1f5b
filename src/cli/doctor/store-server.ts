/** The server of a classic store: what `greenroom doctor --store` adds. */
import { withoutUserParts } from '../../platform/address.ts';
import type { Invocation } from '../invocation.ts';
import { type Check, fail, ok, warn } from './check.ts';

const NAME = 'store server';

export const checkStoreServer = async (run: Invocation, url: string): Promise<Check> => {
  const care = await run.shell.storeCare();
  try {
    const { finding, weakness, whatToDo = '' } = await care.examineServer(url);
    return weakness === undefined
      ? ok(NAME, finding)
      : warn(NAME, `${finding}: ${weakness}`, whatToDo);
  } catch (error) {
    return fail(
      NAME,
      `${withoutUserParts(url)}: ${(error as Error).message}`,
      'start the server, or correct the URL',
    );
  }
};
