/** What is generated of the pages on telemetry and on traces, from their declarations. */
import type { z } from 'zod';
import { STATIONS } from '../../src/model/station.ts';
import { TELEMETRY } from '../../src/model/telemetry.ts';
import { MAX_STATIONS, MAX_TRAILS } from '../../src/session/events/turn-trails.ts';
import { code, type Regions, table } from './markdown.ts';

/** As `zod` keeps it: the kind of value, and what an optional or nullable one wraps. */
interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
}

const defOf = (schema: z.ZodType): Def => schema.def as unknown as Def;

const typeOf = (schema: z.ZodType): string => {
  const { type, innerType } = defOf(schema);
  if (innerType === undefined) return type;
  return type === 'optional' ? `${typeOf(innerType)}, or absent` : `${typeOf(innerType)} or null`;
};

const meaningOf = (schema: z.ZodType): string => {
  const { innerType } = defOf(schema);
  return schema.description ?? (innerType === undefined ? '' : meaningOf(innerType));
};

const events = (): string =>
  Object.values(TELEMETRY)
    .map(({ name, occasion, fields }) => {
      const shape: Readonly<Record<string, z.ZodType>> = fields.shape;
      const rows = Object.entries(shape).map(([field, schema]) => [
        code(field),
        typeOf(schema),
        meaningOf(schema),
      ]);
      const fieldTable = table(['field', 'type', 'meaning'], rows);
      return `### ${name}\n\nSent when ${occasion}.\n\n${fieldTable}`;
    })
    .join('\n\n');

const stations = (): string =>
  table(
    ['station', 'what has happened'],
    Object.entries(STATIONS).map(([station, happened]) => [code(station), happened]),
  );

const kept = (): string =>
  `Stations are kept of the last ${MAX_TRAILS.toLocaleString('en-US')} turns of a daemon, at most ${MAX_STATIONS} of each: the first ones and the last ones.`;

export const telemetryRegions = (): Regions => ({ events: events() });
export const tracingRegions = (): Regions => ({ stations: stations(), kept: kept() });
