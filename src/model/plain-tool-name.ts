/** The names that models have for tools of servers, and rules with them: `mcp__<server>__<tool>`. */

/** A server's or a tool's name as it stands there. */
export const plainToolName = (name: string): string => name.replace(/[^a-zA-Z0-9_-]/g, '_');
