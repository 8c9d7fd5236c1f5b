/** Which sweeps are made of the operator's settings: by age, and by each retention rule. */
import { GreenroomError } from '../model/errors.ts';
import type { Tenant } from '../model/ids.ts';
import type { SweepOrder } from '../session/ports/sweeper.ts';
import { filterOf, type Rule } from './retention-rules.ts';
import type { SweepRequest } from './sweep.ts';

/** Age on demand, where neither the request nor the configuration says one. */
const DEFAULT_MAX_AGE_DAYS = 30;

/** What the operator wants. */
interface Standing {
  /** 0: none goes by its age alone. */
  readonly maxAgeDays: number;
  readonly rules: readonly Rule[];
  /** Age at which ended sessions are archived: then none that is younger goes by its age. 0: they are not. */
  readonly archiveDays: number;
}

/** On demand. */
export const requestOf = (
  { maxAgeDays }: Pick<Standing, 'maxAgeDays'>,
  tenant: Tenant,
  order: SweepOrder,
): SweepRequest => ({
  ...order,
  tenant,
  maxAgeDays: order.maxAgeDays ?? (maxAgeDays || DEFAULT_MAX_AGE_DAYS),
});

/** By age, then by each rule. */
export const scheduledFor = (args: Standing, tenant: Tenant, nowMs: number): SweepRequest[] => {
  const { archiveDays } = args;
  const archivesFirst = archiveDays > 0;
  const maxAgeDays = args.maxAgeDays > 0 ? Math.max(args.maxAgeDays, archiveDays) : 0;
  const order = { dryRun: false, by: 'cleaner' };
  return [
    ...(maxAgeDays > 0 ? [{ tenant, filter: {}, maxAgeDays, archivesFirst, ...order }] : []),
    ...rulesFor(args, tenant, undefined).map((rule) => ruleRequest(rule, tenant, order, nowMs)),
  ];
};

/** Throws `invalid_request` for a name that none has. */
export const rulesFor = (
  { rules }: Standing,
  tenant: Tenant,
  name: string | undefined,
): readonly Rule[] => {
  const meant = rules.filter(
    (rule) => (rule.tenant ?? tenant) === tenant && (name === undefined || rule.name === name),
  );
  if (name === undefined || meant.length > 0) return meant;
  throw new GreenroomError('invalid_request', `no retention rule is called ${name}`, {
    details: { field: 'rule' },
  });
};

export const ruleRequest = (
  rule: Rule,
  tenant: Tenant,
  { dryRun, by }: Pick<SweepRequest, 'dryRun' | 'by'>,
  nowMs: number,
): SweepRequest => ({
  ...{ tenant, filter: filterOf(rule, nowMs), maxAgeDays: 0, dryRun, by },
  archivesFirst: rule.archiveFirst,
  rule: {
    name: rule.name,
    keep: {
      ...{ newest: rule.keepNewest, perDirectory: rule.keepPerDirectory },
      bytes: rule.keepBytes,
    },
    exportTo: rule.exportTo,
  },
});
