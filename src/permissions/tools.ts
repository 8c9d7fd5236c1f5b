/** The tools that rules and decisions know by name, and what a call of each touches. */

export const READING_TOOLS: ReadonlySet<string> = new Set(['Read', 'Grep', 'Glob', 'LS']);
export const EDITING_TOOLS: ReadonlySet<string> = new Set([
  'Edit',
  'Write',
  'NotebookEdit',
  'MultiEdit',
]);

/** They touch nothing outside of the session. */
export const HARMLESS_TOOLS: ReadonlySet<string> = new Set([
  ...['TodoWrite', 'ToolSearch', 'TaskOutput', 'TaskStop', 'BashOutput', 'KillShell'],
]);

/** Their result is what a person says: no rule or mode can give it. */
export const ASKING_TOOLS: ReadonlySet<string> = new Set(['AskUserQuestion']);

export const BUILT_IN_TOOLS: readonly string[] = [
  ...['Bash', 'WebFetch', 'WebSearch', 'Agent', 'Task', 'Cd'],
  ...READING_TOOLS,
  ...EDITING_TOOLS,
  ...HARMLESS_TOOLS,
  ...ASKING_TOOLS,
];

/** Other names of the same tools: the API's own schemas, and the older name of `Agent`. */
export const ALIASES: Readonly<Record<string, string>> = {
  bash: 'Bash',
  Task: 'Agent',
};

export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
