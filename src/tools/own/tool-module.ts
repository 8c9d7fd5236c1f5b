/** A module that exports `tools`, as a thread loads it. What it says is checked: it may be any program's. */
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../../config/config-error.ts';
import { checkedTool } from './own-tool.ts';
import { type RunnableTool, runnable } from './runnable.ts';

/** Throws `invalid_settings` for a module that cannot be loaded, or has no tools. */
export const loadTools = async (path: string): Promise<readonly RunnableTool[]> => {
  const tools: unknown = (await loaded(path))['tools'];
  if (!Array.isArray(tools) || tools.length === 0)
    throw new ConfigError(`${path}: it must export tools, a list with at least one tool`);
  return tools.map((declared, at) => runnable(checkedTool(declared, `${path}: tools[${at}]`)));
};

const loaded = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new ConfigError(`${path}: the module cannot be loaded: ${String(error)}`);
  }
};
