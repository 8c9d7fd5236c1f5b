/** Every field of `T` by its name: an optional one may be undefined, none may be forgotten. */
export type Fields<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? T[K] | undefined : T[K];
};

/** An object without its undefined fields: what is not given is absent, in JSON as in `in`. */
export const given = <T extends object>(fields: Fields<T> | T): T => {
  const kept: Partial<Record<keyof T, unknown>> = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name as keyof T] = fields[name];
  return kept as T;
};
