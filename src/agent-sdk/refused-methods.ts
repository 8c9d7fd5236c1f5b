/** The methods of the official `Query` (0.3) that are not done here, with the reason. The page of the docs and the checks read this table. */
import { GreenroomError } from '../model/errors.ts';

const NO_FILES = 'no settings of Claude Code are read';

export const REFUSED_METHODS = {
  applyFlagSettings: NO_FILES,
  backgroundTasks: 'a command that is to run beside the turn says so in its call',
  getContextUsage: 'the parts of a request are not counted; `usage` of a result is the whole',
  readFile: 'read the file yourself: the query runs in this process',
  readMcpResource: 'of servers only tools are used',
  reconnectMcpServer: 'a server that is down is started again by itself',
  reloadOutputStyles: 'there are no output styles',
  reloadPlugins: 'there are no plugins',
  reloadSkills: 'there are no skills',
  rewindFiles: 'files are not kept',
  seedReadState: 'what was read is known from the transcript',
  setMcpPermissionModeOverride: 'permissions of tools are rules: give allowedTools',
  setMcpServers: 'servers belong to the Greenroom that queries share: give mcpServers',
  stopTask: 'an interrupt ends the turn with its sub-agents',
  streamInput: 'give the messages as prompt, which may be an iterable',
  toggleMcpServer: 'servers belong to the Greenroom that queries share: give mcpServers',
  updateSettings: NO_FILES,
  usage_EXPERIMENTAL_MAY_CHANGE_DO_NOT_RELY_ON_THIS_API_YET:
    'limits of a subscription are not known',
} as const satisfies Readonly<Record<string, string>>;

export type RefusedMethods = {
  readonly [Name in keyof typeof REFUSED_METHODS]: (...given: never[]) => Promise<never>;
};

/** Each rejects with `invalid_request`. */
export const refusedMethods = (): RefusedMethods =>
  Object.fromEntries(
    Object.entries(REFUSED_METHODS).map(([name, why]) => [
      name,
      async () => {
        throw new GreenroomError('invalid_request', `${name} is not done here: ${why}`);
      },
    ]),
  ) as unknown as RefusedMethods;
