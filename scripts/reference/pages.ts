/** The pages of `docs/reference`, and what is generated of each from the declarations in the code. */

import { z } from 'zod';
import { failureOf } from '../../src/cli/failure.ts';
import { CONFIG_NAMES, VARIABLES } from '../../src/config/config.ts';
import { Criteria, criteriaShape, requestShape } from '../../src/model/criteria.ts';
import { ERRORS, type ErrorCode, GreenroomError } from '../../src/model/errors.ts';
import { EVENTS } from '../../src/model/event-table.ts';
import { Settings } from '../../src/model/head.ts';
import { KEYS } from '../../src/query/keys.ts';
import { fieldsOf, meaningRows, named } from './fields.ts';
import { httpRegions } from './http.ts';
import { limitRegions } from './limits.ts';
import { code, type Regions, table } from './markdown.ts';
import { monitoringRegions } from './monitoring.ts';
import { roleRegions } from './roles.ts';
import { subjectRegions } from './subjects.ts';
import { telemetryRegions, tracingRegions } from './telemetry.ts';
import { toolRegions } from './tools.ts';

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly regions: Regions;
}

const events = (): string =>
  table(
    ['type', 'fields', 'tells'],
    Object.entries(EVENTS).map(([type, { fields, tells }]) => [
      code(type),
      Object.keys(fields).map(code).join(', '),
      tells,
    ]),
  );

const queryKeys = (): string =>
  table(
    ['key', 'takes', 'finds', 'for example'],
    [...KEYS].map(([name, key]) => [
      [name, ...(key.alsoAs ?? [])].map(code).join(', '),
      key.takes === 'word' ? key.words.map(code).join(', ') : TAKES[key.takes],
      key.finds,
      code(key.example),
    ]),
  );

const TAKES = {
  text: 'a text',
  money: 'dollars, or a range of them',
  count: 'a whole number, or a range',
  moment: 'a time, or a range',
} as const;

const errors = (): string =>
  table(
    ['code', 'status', 'retryable', 'exit code', 'when'],
    Object.entries(ERRORS).map(([name, { status, retryable, when }]) => {
      const { exitCode } = failureOf(new GreenroomError(name as ErrorCode, 'x'));
      return [code(name), String(status), retryable ? 'yes' : 'no', String(exitCode), when];
    }),
  );

const configuration = (): string =>
  table(
    ['variable', 'in files and options', 'default', 'meaning'],
    CONFIG_NAMES.map((name) => {
      const { env, otherwise, meaning } = VARIABLES[name];
      return [code(env), code(name), otherwise, meaning];
    }),
  );

const aliases = (): string => {
  const pairs = CONFIG_NAMES.flatMap((name) => {
    const variable = VARIABLES[name];
    const names: readonly string[] = 'aliases' in variable ? variable.aliases : [];
    return names.map((alias) => `${code(alias)} for ${code(variable.env)}`);
  });
  return `Also understood: ${pairs.join(', ')}.`;
};

/** Of a search: what it takes beside the criteria. */
const paging = (): string => {
  const more = fieldsOf(Criteria).filter(({ name }) => !Object.hasOwn(criteriaShape, name));
  const orders = [Criteria.shape.sortBy, Criteria.shape.order].map(({ def }) =>
    def.innerType.options.map(code).join(', '),
  );
  return `A search also takes ${more.map(named).join(', ')}; it is sorted by one of ${orders[0]}, in the order ${orders[1]}.`;
};

/** @param root the repository, with a slash at its end. */
export const pages = (root: string): readonly Page[] => [
  { path: 'docs/reference/subjects.md', regions: subjectRegions() },
  { path: 'docs/reference/events.md', regions: { events: events() } },
  {
    path: 'docs/reference/settings.md',
    regions: { settings: table(['setting', 'means'], meaningRows(Settings)) },
  },
  {
    path: 'docs/reference/criteria.md',
    regions: {
      criteria: table(['criterion', 'finds sessions'], meaningRows(z.object(requestShape))),
      paging: paging(),
    },
  },
  { path: 'docs/reference/query.md', regions: { keys: queryKeys() } },
  { path: 'docs/reference/errors.md', regions: { errors: errors() } },
  {
    path: 'docs/reference/configuration.md',
    regions: { configuration: configuration(), aliases: aliases() },
  },
  { path: 'docs/reference/limits.md', regions: limitRegions(root) },
  { path: 'docs/reference/tools.md', regions: toolRegions() },
  { path: 'docs/reference/telemetry.md', regions: telemetryRegions() },
  { path: 'docs/guide/tracing.md', regions: tracingRegions() },
  { path: 'docs/guide/monitoring.md', regions: monitoringRegions() },
  { path: 'docs/guide/http.md', regions: httpRegions() },
  { path: 'docs/guide/tenants.md', regions: roleRegions() },
];
