/**
 * Retention rules: which sessions go, whose words are a query, and which of them are kept all the same. They come from a
 * file of the operator's, and are checked as a whole before the daemon starts.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../config/config-error.ts';
import { contradictions } from '../model/contradictions.ts';
import type { Filter } from '../model/criteria.ts';
import { Tenant } from '../model/id-schemas.ts';
import { checked } from '../model/parse.ts';
import { textsIn } from '../model/texts.ts';
import { conditionOf } from '../query/condition.ts';
import { UTC } from '../query/moments.ts';
import { parse } from '../query/parser.ts';

const MAX_RULES = 100;
const MAX_KEPT = 1_000_000;
const MAX_KEPT_BYTES = 2 ** 50;

const isQuery = (text: string, context: z.core.$RefinementCtx): void => {
  try {
    const { where, sort } = parse(text);
    if (sort !== undefined) context.addIssue({ code: 'custom', message: 'a rule has no order' });
    if (where === undefined) context.addIssue({ code: 'custom', message: 'asks for nothing' });
    else mustBeOfKeys(conditionOf(where, { nowMs: 0, zone: UTC }), context);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.addIssue({ code: 'custom', message });
  }
};

const mustBeOfKeys = (filter: Filter, context: z.core.$RefinementCtx): void => {
  if (textsIn(filter).length > 0)
    context.addIssue({ code: 'custom', message: 'takes keys such as tag: and no words' });
  for (const { field, why } of contradictions(filter))
    context.addIssue({ code: 'custom', message: `nothing can meet it: ${field} ${why}` });
};

const kept = z.int().min(1).max(MAX_KEPT).optional();

const Rule = z
  .strictObject({
    /** Names it in reports and for a run on demand. */
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'takes letters, digits, _ and -, at most 64'),
    /** Default: all tenants. */
    tenant: Tenant.optional(),
    /** Sessions that meet it may go, such as `tag:scratch updated:..7d`. */
    q: z.string().min(1).max(4_000).superRefine(isQuery),
    /** The newest of them stay, by their last update. */
    keepNewest: kept,
    /** The newest of each working directory stay. */
    keepPerDirectory: kept,
    /** The newest that take so many bytes in the store together stay: the first that does not fit goes, and all older ones. */
    keepBytes: z.int().min(1).max(MAX_KEPT_BYTES).optional(),
    /** Sessions that have ended are archived, and a later run deletes them. */
    archiveFirst: z.boolean().optional(),
    /** A folder that each session's export is written to before it is deleted. */
    exportTo: z.string().min(1).max(4_096).optional(),
  })
  .readonly();
export type Rule = z.output<typeof Rule>;

const Rules = z
  .strictObject({ rules: z.array(Rule).max(MAX_RULES) })
  .superRefine(({ rules }, context) => {
    const names = rules.map(({ name }) => name);
    for (const [at, name] of names.entries())
      if (names.indexOf(name) < at)
        context.addIssue({
          code: 'custom',
          path: ['rules', at, 'name'],
          message: `${name} is there twice`,
        });
  });

/** Throws `invalid_settings`, with what is wrong and where. */
export const rulesIn = (file: string): readonly Rule[] => {
  const setting = 'GREENROOM_RETENTION_FILE';
  try {
    return checked(Rules, JSON.parse(readFileSync(file, 'utf8'))).rules;
  } catch (error) {
    throw new ConfigError(`${setting}: ${file}: ${error instanceof Error ? error.message : error}`);
  }
};

/** Sessions that a rule may take, as of now. Its days are those of UTC. */
export const filterOf = ({ q }: Rule, nowMs: number): Filter => {
  const { where } = parse(q);
  return where === undefined ? {} : conditionOf(where, { nowMs, zone: UTC });
};
