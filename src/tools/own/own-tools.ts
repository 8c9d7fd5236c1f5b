/** All tools that do not come with Greenroom, as a start finds them. */
import type { Clock } from '../../otp/clock.ts';
import { checkedTool, mustDiffer, type OwnTool } from './own-tool.ts';
import { type ModuleTool, readModules } from './read-modules.ts';
import { type RunnableTool, runnable } from './runnable.ts';

export interface OwnTools {
  readonly functions: readonly RunnableTool[];
  readonly modules: readonly ModuleTool[];
}

/** Rejects with a `ConfigError`, code `invalid_settings`, that says what is wrong with which. */
export const ownTools = async (
  declared: readonly OwnTool[],
  modulePaths: readonly string[],
  clock: Clock,
): Promise<OwnTools> => {
  const functions = declared.map((each, at) => runnable(checkedTool(each, `tools[${at}]`)));
  const modules = await readModules(modulePaths, clock);
  mustDiffer([...functions, ...modules].map(({ offered }) => offered));
  return { functions, modules };
};

export const namesOf = ({ functions, modules }: OwnTools): readonly string[] =>
  [...functions, ...modules].map(({ offered }) => offered.name);
