/** The fields that a schema knows at a place in a value. */
import { z } from 'zod';

export const fieldsAt = (
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): readonly string[] => {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Readonly<Record<string, z.core.$ZodType>>;
    if (step === undefined) return Object.keys(shape);
    const below = Object.hasOwn(shape, String(step)) ? shape[String(step)] : undefined;
    return below === undefined ? [] : fieldsAt(below, rest);
  }
  if (schema instanceof z.ZodArray) return fieldsAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return fieldsAt(schema.valueType, rest);
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((option) => fieldsAt(option, path));
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return fieldsAt(schema.unwrap(), path);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly)
    return fieldsAt(schema.def.innerType, path);
  if (schema instanceof z.ZodPipe) return fieldsAt(schema.in, path);
  if (schema instanceof z.ZodLazy) return fieldsAt(schema.unwrap(), path);
  return [];
};
