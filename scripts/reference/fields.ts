/** What a schema says of itself: its fields, which of them are needed, their defaults and meanings. */
import { z } from 'zod';
import { code } from './markdown.ts';

export interface Field {
  readonly name: string;
  readonly isNeeded: boolean;
  readonly standard: unknown;
  readonly means: string | undefined;
}

/** Of an object, or of each of several; anything else has none. */
export const fieldsOf = (schema: z.ZodType): readonly Field[] =>
  schema instanceof z.ZodUnion
    ? (schema.options as readonly z.ZodType[]).flatMap(fieldsOf)
    : fieldsOfOne(schema);

const fieldsOfOne = (schema: z.ZodType): readonly Field[] =>
  schema instanceof z.ZodObject
    ? Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => ({
        name,
        isNeeded: !(field instanceof z.ZodDefault) && field._zod.optin !== 'optional',
        standard: field instanceof z.ZodDefault ? field.def.defaultValue : undefined,
        means: field.description,
      }))
    : [];

/** Needed ones in bold, a default behind the name. */
export const named = ({ name, isNeeded, standard }: Field): string => {
  const shown = isNeeded ? `**${code(name)}**` : code(name);
  return isWorthShowing(standard) ? `${shown} (${valueText(standard)})` : shown;
};

const isWorthShowing = (standard: unknown): boolean =>
  standard !== undefined && standard !== '' && standard !== false;

const valueText = (value: unknown): string =>
  typeof value === 'number' ? value.toLocaleString('en-US') : code(JSON.stringify(value));

/** One row a field; throws for one that nothing is said of. */
export const meaningRows = (schema: z.ZodType): readonly (readonly [string, string])[] =>
  fieldsOf(schema).map((field) => {
    if (field.means === undefined) throw new Error(`nothing is said of ${field.name}`);
    return [field.isNeeded ? `**${code(field.name)}**` : code(field.name), field.means];
  });
