/** `${NAME}` and `${NAME:-default}` in a value of JSON, as `.mcp.json` has them. Pure. */

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export interface Expanded {
  readonly value: unknown;
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[];
}

/** Names of fields stay as they are; a variable that is set to nothing counts as not set. */
export const expanded = (value: unknown, env: Environment): Expanded => {
  const missing: string[] = [];
  const inText = (text: string): string =>
    text.replace(VARIABLE, (_, name: string, otherwise: string | undefined) => {
      const found = env[name] || otherwise;
      if (found === undefined) missing.push(name);
      return found ?? '';
    });
  const inValue = (part: unknown): unknown => {
    if (typeof part === 'string') return inText(part);
    if (Array.isArray(part)) return part.map(inValue);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, inValue(inner)]));
  };
  return { value: inValue(value), missing };
};
