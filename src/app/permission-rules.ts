/** The daemon's permission rules: a file that holds for all sessions, in the form that Claude Code's settings have them. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config/config-error.ts';
import { checked } from '../model/parse.ts';
import { type RuleSet, readRules } from '../permissions/rule-set.ts';

const SETTING = 'GREENROOM_PERMISSIONS_FILE';

const rules = z.array(z.string().min(1).max(1_000)).max(1_000).optional();
const Rules = z.strictObject({ allow: rules, ask: rules, deny: rules });

/**
 * Throws `invalid_settings`, with what is wrong and where.
 * @param tools names of tools that are not built in.
 */
export const daemonRules = (file: string, tools: readonly string[]): RuleSet => {
  try {
    const { allow, ask, deny } = checked(Rules, JSON.parse(readFileSync(file, 'utf8')));
    const source = { scope: 'daemon', settingsFolder: dirname(file), tools } as const;
    return readRules({ allow: allow ?? [], ask: ask ?? [], deny: deny ?? [] }, source);
  } catch (error) {
    throw new ConfigError(
      `${SETTING}: ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
